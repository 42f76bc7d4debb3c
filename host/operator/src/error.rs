//! The errors of this crate: of the role, and of one attempt at a job.

use std::{path::PathBuf, time::Duration};

use openclaw_plugins::PluginError;

use crate::drivers::DriverError;

/// Why the operator cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting, or what it points to.
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    /// The plugin host, which renders prompts, could not be set up.
    #[error("the plugin host cannot be set up: {0}")]
    Plugins(#[from] PluginError),
    /// This process' own path, which gateways are started from, is unknown.
    #[error("the path of this executable is unknown, and gateways are started from it: {0}")]
    Executable(#[source] std::io::Error),
    /// The kubeconfig is not there, or is none.
    #[error("KUBECONFIG names {0}, which leads to no cluster: {1}")]
    Kubeconfig(PathBuf, #[source] Box<kube::config::KubeconfigError>),
    /// This process has no account in a cluster.
    #[error(
        "DRIVER is kubernetes and KUBECONFIG is not set, but this is no pod with an account in a cluster: {0}. Set \
         KUBECONFIG, or run the operator in the cluster"
    )]
    NotInCluster(#[source] Box<kube::config::InClusterError>),
    /// What leads to a cluster makes no client.
    #[error("no client of the cluster can be made: {0}")]
    Client(#[source] Box<kube::Error>),
}

/// Why an attempt at a job failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum JobError {
    /// Postgres, or what it holds.
    #[error(transparent)]
    Platform(#[from] openclaw_platform::Error),
    /// The gateway could not be started or stopped.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The niche's release cannot be loaded.
    #[error("the release cannot be loaded: {0}")]
    Release(#[source] PluginError),
    /// The niche gave no prompt for this customer.
    #[error("the agent's prompt cannot be rendered: {0}")]
    Persona(#[source] PluginError),
    /// The prompt cannot be handed to a process.
    #[error("the agent's prompt {0}")]
    Prompt(String),
    /// There is no such tier.
    #[error("there is no tier `{0}`")]
    Tier(String),
    /// The gateway runs, and does not say that it is well.
    #[error("the gateway did not answer within {} s; its log says why", .0.as_secs())]
    NotAnswering(Duration),
    /// The attempt panicked: a bug.
    #[error("the operator itself failed: {0}")]
    Panicked(String),
    /// The lease ended; the job may be another's by now.
    #[error("the lease of the job ended during the attempt")]
    LeaseEnded,
}

impl JobError {
    /// A stable word for the agent's `reason`, shown to its customer through translations.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Release(_) => "release",
            Self::Persona(_) | Self::Prompt(_) => "persona",
            Self::Tier(_) => "tier",
            Self::NotAnswering(_) => "not-answering",
            Self::Driver(_) => "gateway",
            Self::Platform(_) | Self::Panicked(_) | Self::LeaseEnded => "internal",
        }
    }

    /// Whether another attempt would end the same.
    pub(crate) fn is_final(&self) -> bool {
        use openclaw_platform::Error as E;
        match self {
            Self::Platform(error) => matches!(error, E::NotFound(_) | E::Corrupt(_)),
            Self::Release(error) | Self::Persona(error) => {
                // A machine that was busy is no fault of the component's.
                error.is_components_fault()
                    && !matches!(
                        error,
                        PluginError::DeadlineExceeded { kind: openclaw_plugins::DeadlineKind::WallClock, .. }
                    )
            }
            // Whoever holds it has to let go.
            Self::Prompt(_) | Self::Tier(_) | Self::Driver(DriverError::Held { .. }) => true,
            Self::Driver(_) | Self::NotAnswering(_) | Self::Panicked(_) | Self::LeaseEnded => false,
        }
    }
}
