//! Who of several operators does what only one may: a Lease of the cluster's says, which its holder renews and another
//! takes once it has not been for a while.
//!
//! Clocks of machines differ, so nobody reads another's: a Lease is old when it has not changed for as long as it lasts,
//! as whoever looks has watched it.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Api, Client, ResourceExt as _,
    api::{ObjectMeta, PostParams},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The Lease's name.
pub const LEASE: &str = "openclaw-operator";
/// How long it lasts without being renewed.
const LASTS: Duration = Duration::from_secs(10);
/// How often its holder renews it.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How long its holder goes on without having renewed it: shorter than it lasts, so that two never lead at once.
const GIVES_UP_AFTER: Duration = Duration::from_secs(7);
/// How often the others look whether it is to be had.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the work of an operator that ends has to end by itself.
const ENDS_WITHIN: Duration = Duration::from_secs(2);
/// How long an operator that ends takes to say so.
const LETS_GO_WITHIN: Duration = Duration::from_millis(500);

/// An operator that leads when it is its turn.
pub(crate) struct Candidate {
    leases: Api<Lease>,
    me: String,
    /// The Lease as another held it, and since when it has been so.
    watched: Option<(String, Instant)>,
}

impl Candidate {
    /// One called `me`, which no other is.
    pub(crate) fn new(client: Client, namespace: &str, me: &str) -> Self {
        Self { leases: Api::namespaced(client, namespace), me: me.to_owned(), watched: None }
    }

    /// Does `work` for as long as this operator leads, until `shutdown`. Work is told by its token to end, and dropped
    /// where it stands when another may lead.
    pub(crate) async fn lead<F>(mut self, shutdown: &CancellationToken, work: impl Fn(CancellationToken) -> F)
    where
        F: Future<Output = ()>,
    {
        while !shutdown.is_cancelled() {
            // The others count from when it is written, which is after this.
            let asked = Instant::now();
            match self.take().await {
                Ok(true) => {
                    tracing::info!(me = self.me, "this operator leads");
                    metrics::gauge!("openclaw_operator_leads").set(1.0);
                    tokio::select! {
                        () = work(shutdown.child_token()) => {}
                        () = ended(shutdown) => {}
                        () = self.hold(asked) => tracing::warn!(me = self.me, "this operator no longer leads"),
                    }
                    metrics::gauge!("openclaw_operator_leads").set(0.0);
                }
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "who leads cannot be told; looking again soon"),
            }
            shutdown.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
        }
        match tokio::time::timeout(LETS_GO_WITHIN, self.let_go()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "another operator leads only once the Lease has run out"),
            Err(_) => tracing::warn!("another operator leads only once the Lease has run out"),
        }
    }

    /// Takes the Lease if it is to be had. Says whether it is this operator's.
    async fn take(&mut self) -> Result<bool, kube::Error> {
        let Some(lease) = self.leases.get_opt(LEASE).await? else {
            let mut lease =
                Lease { metadata: ObjectMeta { name: Some(LEASE.into()), ..ObjectMeta::default() }, spec: None };
            self.sign(&mut lease);
            return was_first(self.leases.create(&PostParams::default(), &lease).await);
        };
        if self.is_held(&lease) {
            return Ok(false);
        }
        let mut lease = lease;
        self.sign(&mut lease);
        was_first(self.leases.replace(LEASE, &PostParams::default(), &lease).await)
    }

    /// Whether another holds it, as far as has been seen.
    fn is_held(&mut self, lease: &Lease) -> bool {
        let spec = lease.spec.clone().unwrap_or_default();
        let Some(holder) = spec.holder_identity.filter(|holder| !holder.is_empty()) else { return false };
        if holder == self.me {
            return false;
        }
        let (now, version) = (Instant::now(), lease.resource_version().unwrap_or_default());
        let since = match &self.watched {
            Some((watched, since)) if *watched == version => *since,
            _ => now,
        };
        self.watched = Some((version, since));
        let lasts = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        now.duration_since(since) < lasts.map_or(LASTS, Duration::from_secs)
    }

    /// Renews the Lease that was last renewed at `renewed`, or a little later; returns when it is no longer to be relied
    /// upon.
    async fn hold(&self, mut renewed: Instant) {
        loop {
            tokio::time::sleep_until(renewed + RENEW_EVERY).await;
            if renewed.elapsed() >= GIVES_UP_AFTER {
                return;
            }
            let asked = Instant::now();
            match tokio::time::timeout_at(renewed + GIVES_UP_AFTER, self.renew()).await {
                Ok(Ok(true)) => renewed = asked,
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the Lease could not be renewed; trying again");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    async fn renew(&self) -> Result<bool, kube::Error> {
        let Some(mut lease) = self.leases.get_opt(LEASE).await? else { return Ok(false) };
        if holder(&lease) != Some(&self.me) {
            return Ok(false);
        }
        if let Some(spec) = &mut lease.spec {
            spec.renew_time = Some(MicroTime(Timestamp::now()));
        }
        was_first(self.leases.replace(LEASE, &PostParams::default(), &lease).await)
    }

    /// Leaves the Lease to whoever comes next, if it is this operator's.
    async fn let_go(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.leases.get_opt(LEASE).await? else { return Ok(()) };
        if holder(&lease) == Some(&self.me) {
            if let Some(spec) = &mut lease.spec {
                spec.holder_identity = None;
            }
            was_first(self.leases.replace(LEASE, &PostParams::default(), &lease).await)?;
        }
        Ok(())
    }

    fn sign(&self, lease: &mut Lease) {
        let now = MicroTime(Timestamp::now());
        let before = lease.spec.take().and_then(|spec| spec.lease_transitions);
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.me.clone()),
            lease_duration_seconds: i32::try_from(LASTS.as_secs()).ok(),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: Some(before.map_or(0, |before| before + 1)),
            ..LeaseSpec::default()
        });
    }
}

/// Returns when work has had its time to end by itself.
async fn ended(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(ENDS_WITHIN).await;
}

fn holder(lease: &Lease) -> Option<&String> {
    lease.spec.as_ref()?.holder_identity.as_ref()
}

/// False if another wrote in the same moment, and before.
fn was_first(written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => Ok(false),
        Err(error) => Err(error),
    }
}
