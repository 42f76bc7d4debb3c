//! `openclaw-cloud`: one executable, a subcommand for each role and for what people do with the platform.

mod dev;
mod niche;
mod platform;
mod publisher;
mod roles;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A platform for industry verticals as sandboxed WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "openclaw-cloud", version, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The API: marketplace, onboarding, agents, billing's webhook, niche tools over MCP.
    Api,
    /// The web: marketplace, dashboard, admin.
    Web,
    /// The operator: jobs into running gateways.
    Operator,
    /// The billing worker: Stripe's events into changes.
    BillingWorker,
    /// The token proxy: between agents and the LLM.
    TokenProxy,
    /// The Telegram relay: between agents and Telegram or the dashboard's chat.
    TelegramRelay,
    /// One agent. The operator starts it; its environment says whose it is.
    Gateway,
    /// The demo model, a stand-in for an LLM that `dev` starts when no key is set.
    DemoModel {
        /// Where it listens.
        #[arg(long)]
        listen: std::net::SocketAddr,
    },
    /// Everything on this machine, with private Postgres and Redis in DATA_DIR.
    Dev(dev::Arguments),
    /// Brings the database's schema up to date.
    Migrate,
    /// Niches of a running platform.
    Niche(niche::Niche),
    /// Publishers of releases.
    Publisher(publisher::Publishers),
    /// Prints every setting as docs/CONFIGURATION.md.
    Configuration,
    /// Prints the definitions of the custom resources, for `kubectl apply --server-side -f -`.
    Crds,
    /// Prints what the operator may do in a cluster, for the same.
    Rights {
        /// The operator's namespace.
        #[arg(long, default_value = "openclaw")]
        namespace: String,
    },
}

fn main() -> ExitCode {
    match run(Command::parse().action) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("openclaw-cloud: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(action: Action) -> anyhow::Result<()> {
    // A gateway is small: it has a runtime of one thread.
    if let Action::Gateway = action {
        return openclaw_gateway::runtime()?.block_on(roles::gateway());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match action {
            Action::Api => roles::api().await,
            Action::Web => roles::web().await,
            Action::Operator => roles::operator().await,
            Action::BillingWorker => roles::billing_worker().await,
            Action::TokenProxy => roles::token_proxy().await,
            Action::TelegramRelay => roles::telegram_relay().await,
            Action::Gateway => roles::gateway().await,
            Action::DemoModel { listen } => roles::demo_model(listen).await,
            Action::Dev(arguments) => dev::run(arguments).await,
            Action::Migrate => roles::migrate().await,
            Action::Niche(niche) => niche::run(niche).await,
            Action::Publisher(publishers) => publisher::run(publishers).await,
            Action::Configuration => {
                print!("{}", roles::configuration());
                Ok(())
            }
            Action::Crds => {
                print!("{}", openclaw_operator::resources::yaml()?);
                Ok(())
            }
            Action::Rights { namespace } => {
                print!("{}", openclaw_operator::rights::yaml(&namespace)?);
                Ok(())
            }
        }
    });
    // What still blocks a thread (a name look-up, say) does not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    done
}
