# A release's page.
release-pending = awaits a decision
release-rejected = rejected
release-approved = approved
release-active = active
release-retired = retired
release-version = Release
release-asks = Asks more
release-asks-more = { $count ->
    [0] nothing
    [one] 1 thing
   *[other] { $count } things
 }
release-publisher = Publisher
release-uploaded = Uploaded
release-test = { $passed } of { $total } passed
release-digest = Digest
release-size = Size
release-contract = Contract
release-exports = Offers
release-imports = Uses of the platform
release-decided = Decided
release-reference = Came from

trust-verified = signed by { $name }
trust-verified-text = The signature matches the registered key.
trust-revoked = publisher revoked
trust-revoked-text = Signed with a key that was revoked. Do not trust it without asking the publisher.
trust-unknown = unknown publisher
trust-unknown-text = It is signed, but nobody registered this key: nobody knows whose it is.
trust-unsigned = unsigned
trust-unsigned-text = Nothing proves who published it.
copy = Copy
copy-done = Copied

want-and = and
want-host = send { $methods } to { $host }
want-host-any = send any request to { $host }
want-connection = use the customer’s { $provider } connection
want-connection-any = use any of the customer’s connections
want-storage = keep up to { $total } of data per customer
want-storage-more = keep { $more } more data per customer, { $total } in all
want-storage-why = Kept apart from other customers’ data.
want-required = Without it the agent is of no use.

changes-title = What changes for customers
changes-none = The publisher did not say what changes.
asks-new = What it newly asks for
asks-difference = What it asks beyond the active one
asks-first = What it asks for
asks-against = Compared with the active one,
asks-nothing-new = Nothing that is not approved already.
asks-over-ceiling = The platform does not allow this, even if you approve it:
asks-no-longer = It no longer asks for:
asked-title = Everything it asks for, and why
asked-nothing = Nothing beyond the conversation.
asked-approved-part = Approved only in part:
asked-approved-nothing = None of this was approved.
asked-functions = System functions that the component uses. They reach nothing here; ask the publisher what they are for.
tests-title = Self-test
tests-none = The component brings no self-test.
tests-passed = Passed:
tests-failed = Failed:
tests-recording = recording
usage-month = Use in the last 30 days
usage-tool = Tool
usage-computing = CPU, memory
usage-traffic = Network
usage-requests = { $count ->
    [one] 1 request
   *[other] { $number } requests
 }
usage-egress = sent { $size }
usage-ingress = received { $size }
usage-storage = Stored
facts-title = Facts

ended-rejected = Rejected by { $who }.
ended-by-itself = The roll-out went back by itself.
ended-by = The roll-out was taken back by { $who }.

reason-required = Why
reason-optional = Why (optional)

steps-decide = Decide
steps-decide-text = No agent has it yet. Approving changes no agent: the roll-out is the next step.
steps-rejected = Rejected
steps-rejected-text = The same bytes can be uploaded again, and then await another decision.
steps-running = Roll-out running
steps-roll-out = Roll out
steps-roll-out-text = Approved, and on no agent. Begin with a small share; if it does worse, it goes back by itself.
steps-first = Publish
steps-first-text = Approved. It is the trade’s first release: there is no other to compare it with, and agents begin with it.
steps-active = Active
steps-active-text = This is the release that new agents get.
steps-retired = Retired
steps-retired-text = It is not offered. A new roll-out can bring it back.

approve = Approve
approve-effect = It will be approved, and on no agent.
approve-part = Approve only a part
approve-part-text = What you untick stays out of the release’s reach, even if it asks.
reject = Reject
reject-open = Reject…
reject-effect = No agent gets it. The publisher reads your reason.
retire = Retire
retire-open = Retire…
retire-effect = It is offered no more. It is on: { $agents }.
