# The registry's first page, a niche's, the audit trail, publishers.
registry-title = Release registry
registry-niches = Trades
registry-active = Active
registry-none-active = no active release
registry-others = Other releases
registry-on-agents = { $count ->
    [0] no agents
    [one] 1 agent
   *[other] { $count } agents
 }
registry-pending = { $count ->
    [one] 1 waits for you
   *[other] { $count } wait for you
 }
registry-running = { $version } for { $share }% of the agents
registry-running-since = { $who }, since
registry-empty-title = No trades yet
registry-empty-text = A trade appears here when its first release is uploaded.
registry-refused = That was not done.

waiting-none = Nothing waits for you.
waiting-title = { $count ->
    [one] One release waits for you
   *[other] { $count } releases wait for you
 }
waiting-same = Asks the same as the active one, or less.
waiting-more = { $count ->
    [one] Asks 1 thing that nobody has approved.
   *[other] Asks { $count } things that nobody has approved.
 }
waiting-first = { $count ->
    [one] The trade’s first release. Asks 1 thing.
   *[other] The trade’s first release. Asks { $count } things.
 }
waiting-uploaded = Uploaded by { $who },
waiting-decide = Look and decide
waiting-decide-label = Look and decide: { $what }

settings-title = Approval by rule
settings-rule = Approve without waiting
settings-on = on
settings-off = off
settings-rule-text = A release that asks the same as the active one was approved for, or less, is approved at once, in the rule’s name. One that asks more always waits for a person, and nothing reaches an agent before someone starts a roll-out.
settings-turn-on = Turn the rule on
settings-turn-off = Turn the rule off

upload-title = Upload a release
upload-text = The component is verified and tested in the sandbox. If it passes, it is pending until someone decides. This takes a few seconds.
upload-file = Component
upload-file-help = A .wasm file. Choose it, or drag it here.
upload-signature = Signature (optional)
upload-signature-help = The publisher’s .sig file. Without it the release is marked as unsigned.
upload-pull = Fetch from an OCI registry
upload-reference = Reference
upload-reference-help = As in registry.example.com/niches/hello:1.2.0. Counts when no file is chosen.
upload-send = Verify and upload
upload-progress = Progress of the upload
upload-sending = Uploading…
upload-checking = Uploaded. Verifying and testing…
upload-away = The upload did not get through. Nothing was kept. Check the connection and upload again.

niche-active = { $count ->
    [0] Active: { $version }, on no agents.
    [one] Active: { $version }, on 1 agent.
   *[other] Active: { $version }, on { $count } agents.
 }
niche-releases = Releases
niche-roll-outs = Roll-outs
roll-outs-none = No roll-outs yet.

audit-title = Audit trail
audit-all = See this trade’s whole trail
audit-none = Nothing has been done yet.
audit-when = When
audit-who = Who
audit-what = What
audit-why = Why
audit-every-niche = All
audit-show = Show
audit-newest = Newest
audit-older = Older
audit-upload = uploaded
audit-approve = approved
audit-reject = rejected
audit-retire = retired
audit-roll-out = started rolling out
audit-share = changed the share of
audit-complete = gave everybody
audit-roll-back = rolled back
audit-cancel = cancelled the roll-out of
audit-register-publisher = registered a publisher
audit-revoke-publisher = revoked a publisher
audit-settings = changed the approval rule
audit-detail-before = { $value } before
audit-detail-from = in place of { $value }
audit-detail-to = back to { $value }
audit-detail-by = { $value } took over
audit-detail-reference = from { $value }
audit-detail-key = key { $value }
audit-detail-name = { $value }
audit-detail-niches = trades: { $value }
audit-detail-auto_approve_same_or_fewer-true = on
audit-detail-auto_approve_same_or_fewer-false = off
who-rule = rule
who-platform = platform

publishers-title = Publishers
publishers-text = A publisher signs each release with an Ed25519 key. A trade with a registered publisher takes only releases that they signed.
publishers-empty-title = No publisher is registered
publishers-empty-text = Without publishers every release shows as unsigned or unknown, and you decide case by case. Register the first key below.
publisher-name = Name
publisher-key = Public key
publisher-niches = Trades
publisher-releases = Releases
publisher-registered = Registered
publisher-valid = valid
publisher-revoked = revoked
publisher-revoke = Revoke…
register-title = Register a publisher
register-key-help = The Ed25519 public key: 64 hexadecimal digits.
register-niches = Trades that are theirs alone (optional)
register-niches-help = The ids, separated by commas. Releases of these trades must carry their signature from then on.
register-send = Register the key
revoke-title = Revoke { $name }?
revoke-text = { $count ->
    [0] The signatures of { $name } count no more. No release uploaded so far carries one.
    [one] The signatures of { $name } count no more. The release they signed is marked as revoked, and no agent changes its release for that.
   *[other] The signatures of { $name } count no more. The { $count } releases they signed are marked as revoked, and no agent changes its release for that.
 }
revoke-final = This cannot be undone. If the key has not leaked, there is no need to revoke it.
revoke-confirm = Revoke for good

done-upload = Uploaded: it passed verification and its self-test.
done-approve = Approved. No agent has it until you start a roll-out.
done-reject = Rejected. No agent ever had it.
done-retire = Retired. It is offered no more.
done-roll-out = The roll-out is running. The share’s agents change within a second.
done-complete = Every agent has it, and it is the active one. The one before is retired.
done-roll-back = The agents are back on the release before.
done-settings = The rule is changed.
done-register = The key is registered.
done-revoke = The publisher is revoked. Their signatures count no more.

# The API's problem codes that only an admin meets.
problem-invalid-token = The admin token is needed.
problem-wrong-state = This step is no longer possible: the release has changed its state, perhaps by someone else’s hand. The page already shows what it is now.
problem-self-test-failed = The component did not pass its own self-test and was not taken.
problem-not-a-component = This file is no WebAssembly component.
problem-component-too-large = The component is too large.
problem-missing-export = The component lacks something that every trade offers.
problem-forbidden-import = The component asks for something that the platform does not give.
problem-unknown-contract-version = The component was made for another version of the contract.
problem-upload-cut = The upload was cut off. Nothing was kept; upload again.
problem-invalid-signature = The signature does not match the component.
problem-untrusted = This trade’s signature is required, and this release does not carry it, or it does not count.
problem-invalid-reference = This is no OCI reference.
problem-registry-not-allowed = The platform’s settings do not allow fetching from this registry.
problem-registry-failed = The OCI registry did not answer as it should. Check the reference and try again.
problem-invalid-field = A field will not do. Check it and try again.
problem-conflict = This does not fit what is there already.
