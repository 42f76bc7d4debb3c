//! The niches on offer, in memory: every release that may be called loaded, with what it may use, and what it says of
//! itself remembered by digest and language. A change is heard of within a second, and looked for every two seconds in
//! case it was not.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex as SyncMutex, PoisonError, RwLock},
    time::Duration,
};

use futures::future::join_all;
use moka::future::Cache;
use openclaw_platform::{Digest, db::Notice, releases};
use openclaw_plugins::{
    Entry, Host, PluginError, Release, Status, Tool, Wishes,
    grant::{Grant, Rights},
};
use sqlx::PgPool;
use tokio::{
    sync::{Mutex, broadcast},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{error::Result, locale::Locale, releases::rights};

/// How often it is looked for changes that were not heard of.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Descriptions that are remembered at most.
const DESCRIPTIONS: u64 = 1000;
/// How long the marketplace waits for descriptions that it does not know yet. Whoever answers later is there the next
/// time.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it does not wait again for one that did not answer.
const WAIT_AGAIN: Duration = Duration::from_secs(30);

/// What a release says of itself in one language.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) entry: Entry,
    pub(crate) wishes: Wishes,
    pub(crate) tools: Vec<Tool>,
}

/// The niches. Clones are the same.
#[derive(Clone)]
pub(crate) struct Niches {
    db: PgPool,
    host: Host,
    ceiling: Arc<Rights>,
    offered: Arc<RwLock<Arc<BTreeMap<String, Release>>>>,
    /// What each release in use may use.
    grants: Arc<RwLock<HashMap<Digest, Arc<Grant>>>>,
    /// What was loaded here and may be let go of.
    loaded: Arc<SyncMutex<BTreeSet<Digest>>>,
    descriptions: Cache<(Digest, Locale), Arc<Description>>,
    /// Those that did not describe themselves just now.
    silent: Cache<(Digest, Locale), ()>,
    /// What each niche's releases said last in the marketplace.
    shown: Cache<(String, Locale), Arc<Description>>,
    looking: Arc<Mutex<()>>,
}

impl Niches {
    /// Those of `db`. No release may use more than `ceiling`.
    pub(crate) fn new(db: PgPool, host: Host, ceiling: Rights) -> Self {
        Self {
            db,
            host,
            ceiling: Arc::new(ceiling),
            offered: Arc::default(),
            grants: Arc::default(),
            loaded: Arc::default(),
            descriptions: Cache::new(DESCRIPTIONS),
            silent: Cache::builder().max_capacity(DESCRIPTIONS).time_to_live(WAIT_AGAIN).build(),
            shown: Cache::new(DESCRIPTIONS),
            looking: Arc::default(),
        }
    }

    /// Keeps the niches up to date until `shutdown`.
    pub(crate) async fn watch(self, mut notices: broadcast::Receiver<Notice>, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the active releases could not be read; trying again");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = released(&mut notices) => {}
            }
        }
    }

    /// Reads which releases are in use and may use what, loads those that are new and lets go of those that nobody needs
    /// any more. One that does not load is left out.
    pub(crate) async fn look(&self) -> Result<()> {
        let _one_at_a_time = self.looking.lock().await;
        let before = self.all();
        let in_use = releases::in_use(&self.db).await?;
        let mut grants = HashMap::new();
        for granted in &in_use {
            grants.insert(granted.digest, Arc::new(rights::grant(granted, &self.ceiling)?));
        }
        *self.grants.write().unwrap_or_else(PoisonError::into_inner) = grants;
        let mut offered = BTreeMap::new();
        // What customers are offered goes first.
        let (active, others): (Vec<_>, Vec<_>) = in_use.iter().partition(|granted| granted.active);
        for granted in active.into_iter().chain(others) {
            let (niche, digest) = (&granted.niche, granted.digest);
            match self.release(digest).await {
                Ok(release) if granted.active => {
                    if before.get(niche).is_none_or(|old| old.digest() != release.digest()) {
                        tracing::info!(niche, %digest, "a release is on offer");
                    }
                    offered.insert(niche.clone(), release);
                    // At once, also when others are still to be compiled.
                    let mut now = self.all();
                    Arc::make_mut(&mut now).extend(offered.clone());
                    self.offer(now);
                }
                Ok(_) => {}
                Err(error) => tracing::error!(niche, %digest, %error, "a release in use does not load"),
            }
        }
        self.offer(Arc::new(offered));
        let kept: BTreeSet<Digest> = in_use.iter().map(|granted| granted.digest).collect();
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        for digest in loaded.difference(&kept) {
            self.host.unload(&digest.0.into());
        }
        loaded.retain(|digest| kept.contains(digest));
        Ok(())
    }

    fn offer(&self, offered: Arc<BTreeMap<String, Release>>) {
        *self.offered.write().unwrap_or_else(PoisonError::into_inner) = offered;
    }

    /// Every niche on offer with its release.
    pub(crate) fn all(&self) -> Arc<BTreeMap<String, Release>> {
        self.offered.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most that any release may use.
    pub(crate) fn ceiling(&self) -> &Rights {
        &self.ceiling
    }

    /// What `digest` may use: what it asks, what of that was approved, and the ceiling.
    pub(crate) async fn grant(&self, digest: Digest) -> Result<Arc<Grant>> {
        let known = self.grants.read().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        match known {
            Some(grant) => Ok(grant),
            None => Ok(Arc::new(rights::grant(&releases::granted_to(&self.db, digest).await?, &self.ceiling)?)),
        }
    }

    /// The release that niche `id` offers. One that is not known yet is looked for.
    pub(crate) async fn offered(&self, id: &str) -> Result<Option<Release>> {
        if let Some(release) = self.all().get(id) {
            return Ok(Some(release.clone()));
        }
        // Names that no niche can have are not worth a look.
        if !is_niche_id(id) {
            return Ok(None);
        }
        self.look().await?;
        Ok(self.all().get(id).cloned())
    }

    /// The release `digest`, on offer or not.
    pub(crate) async fn release(&self, digest: Digest) -> Result<Release> {
        if let Some(release) = self.host.get(&digest.0.into()) {
            return Ok(release);
        }
        let component = releases::component(&self.db, digest).await?;
        let release = self.host.load(&component).await?;
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
        Ok(release)
    }

    /// The plugin host, for a component that is not kept yet.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// What `release` says of itself.
    pub(crate) async fn describe(&self, release: &Release, locale: Locale) -> Result<Arc<Description>> {
        let key = (Digest(*release.digest().as_bytes()), locale);
        let ask = async {
            let name = locale.as_str();
            Ok(Arc::new(Description {
                entry: release.describe(name).await?,
                wishes: release.wants(name).await?,
                tools: release.list_tools(name).await?,
            }))
        };
        self.descriptions
            .try_get_with(key, ask)
            .await
            .map_err(|error: Arc<PluginError>| PluginError::clone(&error).into())
    }

    /// The niches on offer with what they say of themselves, those for sale first, then by name. One that does not
    /// answer is shown as its last release was, or left out, and holds up no other.
    pub(crate) async fn list(&self, locale: Locale) -> Vec<Arc<Description>> {
        let offered = self.all();
        let asked = offered.iter().map(|(niche, release)| self.show(niche, release, locale));
        let mut list: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
        list.sort_by(|a, b| {
            let key = |d: &Description| (d.entry.status != Status::Active, d.entry.name.to_lowercase());
            key(a).cmp(&key(b))
        });
        list
    }

    /// What the marketplace shows of a niche, if there is anything: what is known, or is said soon.
    async fn show(&self, niche: &str, release: &Release, locale: Locale) -> Option<Arc<Description>> {
        let key = (Digest(*release.digest().as_bytes()), locale);
        let niche = (niche.to_owned(), locale);
        if let Some(known) = self.descriptions.get(&key).await {
            self.shown.insert(niche, Arc::clone(&known)).await;
            return Some(known);
        }
        if !self.silent.contains_key(&key) {
            let (niches, release) = (self.clone(), release.clone());
            // It goes on when nobody waits any more, so that it is known the next time.
            let asking = tokio::spawn(async move { niches.describe(&release, locale).await });
            match timeout(PATIENCE, asking).await {
                Ok(Ok(Ok(said))) => {
                    self.shown.insert(niche, Arc::clone(&said)).await;
                    return Some(said);
                }
                Ok(Ok(Err(error))) => tracing::error!(niche = niche.0, %error, "a niche does not describe itself"),
                Ok(Err(error)) => tracing::error!(niche = niche.0, %error, "asking a niche to describe itself failed"),
                Err(_) => tracing::warn!(niche = niche.0, "a niche takes long to describe itself"),
            }
            self.silent.insert(key, ()).await;
        }
        self.shown.get(&niche).await
    }
}

/// Returns when a release changed, or when that may have been missed.
async fn released(notices: &mut broadcast::Receiver<Notice>) {
    loop {
        match notices.recv().await {
            Ok(Notice::Changed { channel, .. }) if channel != "releases" => {}
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Whether a niche can be called this.
pub(crate) fn is_niche_id(id: &str) -> bool {
    (1..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
