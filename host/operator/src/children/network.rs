//! What an agent may reach: the platform, and in `direct` mode Telegram. It needs no internet of its own.

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{Family, Platform};
use crate::resources::{Agent, TelegramMode};

/// Telegram's networks, as it publishes them: <https://core.telegram.org/resources/cidr.txt>.
pub const DIRECT_NETWORKS: [&str; 14] = [
    "91.105.192.0/23",
    "91.108.4.0/22",
    "91.108.8.0/22",
    "91.108.12.0/22",
    "91.108.16.0/22",
    "91.108.20.0/22",
    "91.108.56.0/22",
    "149.154.160.0/20",
    "185.76.151.0/24",
    "2001:67c:4e8::/48",
    "2001:b28:f23c::/48",
    "2001:b28:f23d::/48",
    "2001:b28:f23f::/48",
    "2a0a:f280::/32",
];

/// Everything denied, in and out, but names and the platform. Probes come from the pod's own node, which no policy
/// keeps out.
pub fn network_policy(family: &Family, agent: &Agent, platform: &Platform) -> NetworkPolicy {
    let dns = peer("kube-system", ("k8s-app", "kube-dns"));
    let mut egress = vec![rule(vec![dns], [port("UDP", 53), port("TCP", 53)])];
    egress.extend(platform.reached.iter().map(|reached| {
        let pods = peer(&platform.namespace, ("app.kubernetes.io/component", &reached.component));
        rule(vec![pods], [port("TCP", reached.port)])
    }));
    if agent.spec.telegram.mode == TelegramMode::Direct {
        let networks = DIRECT_NETWORKS.map(|cidr| NetworkPolicyPeer {
            ip_block: Some(IPBlock { cidr: cidr.into(), except: None }),
            ..NetworkPolicyPeer::default()
        });
        egress.push(rule(networks.into(), [port("TCP", 443)]));
    }
    NetworkPolicy {
        metadata: family.child("default-deny"),
        spec: Some(NetworkPolicySpec {
            // Every pod of the namespace.
            pod_selector: Some(LabelSelector::default()),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: None,
            egress: Some(egress),
        }),
    }
}

fn rule(to: Vec<NetworkPolicyPeer>, ports: impl Into<Vec<NetworkPolicyPort>>) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule { to: Some(to), ports: Some(ports.into()) }
}

fn peer(namespace: &str, pods: (&str, &str)) -> NetworkPolicyPeer {
    let selector = |name: &str, value: &str| LabelSelector {
        match_labels: Some([(name.to_owned(), value.to_owned())].into()),
        ..LabelSelector::default()
    };
    NetworkPolicyPeer {
        // A label that Kubernetes itself sets, so that no namespace can pretend.
        namespace_selector: Some(selector("kubernetes.io/metadata.name", namespace)),
        pod_selector: Some(selector(pods.0, pods.1)),
        ip_block: None,
    }
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort { protocol: Some(protocol.into()), port: Some(IntOrString::Int(number.into())), end_port: None }
}

#[cfg(test)]
mod tests {
    use kube::api::ObjectMeta;
    use serde_json::{Value, json};

    use super::*;
    use crate::children::Reached;

    fn egress(mode: &str) -> Vec<Value> {
        let mut agent: Agent = serde_json::from_value(json!({
            "apiVersion": "openclaw.cloud/v1alpha1",
            "kind": "Agent",
            "metadata": {},
            "spec": {"customer": "a@b", "niche": "any", "tier": "any", "telegram": {"mode": mode}},
        }))
        .unwrap();
        agent.metadata = ObjectMeta {
            name: Some("ana".into()),
            namespace: Some("openclaw".into()),
            uid: Some("0123abcd-0000-0000-0000-000000000000".into()),
            ..ObjectMeta::default()
        };
        let platform = Platform {
            namespace: "openclaw".into(),
            reached: vec![Reached { component: "api".into(), port: 8000 }],
            image: "any".into(),
            openclaw_image: "any".into(),
            storage_class: None,
        };
        let policy = serde_json::to_value(network_policy(&Family::of(&agent).unwrap(), &agent, &platform)).unwrap();
        assert_eq!(policy["spec"]["podSelector"], json!({}));
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(policy["spec"].get("ingress"), None, "nobody may come in");
        policy["spec"]["egress"].as_array().unwrap().clone()
    }

    #[test]
    fn an_agent_reaches_names_and_the_platform_and_no_address_by_number() {
        let egress = egress("relay");
        assert_eq!(egress.len(), 2);
        assert!(
            egress.iter().flat_map(|rule| rule["to"].as_array().unwrap()).all(|peer| peer.get("ipBlock").is_none())
        );
        assert_eq!(egress[1]["ports"], json!([{"protocol": "TCP", "port": 8000}]));
    }

    #[test]
    fn a_direct_one_reaches_telegrams_networks_besides_and_nobody_elses() {
        let egress = egress("direct");
        assert_eq!(egress.len(), 3);
        let blocks: Vec<&str> =
            egress[2]["to"].as_array().unwrap().iter().map(|peer| peer["ipBlock"]["cidr"].as_str().unwrap()).collect();
        assert_eq!(blocks, DIRECT_NETWORKS);
        assert_eq!(egress[2]["ports"], json!([{"protocol": "TCP", "port": 443}]));
    }
}
