admin-title = Admin
admin-customers = Customers
admin-agents = Agents
admin-jobs = Jobs
admin-releases = Releases
admin-email = E-mail
admin-language = Language
admin-since = Since
admin-agents-count = { $count ->
    [0] no agents
    [one] 1 agent
   *[other] { $count } agents
 }
admin-agent = Agent
admin-niche = Trade
admin-tier = Plan
admin-state = State
admin-usage = Tokens
admin-heartbeat = Last sign
admin-job = Job
admin-attempts = Attempts
admin-queued = Queued
admin-took = Took
admin-action = Action
admin-retry = Try again
admin-empty-title = Nothing here yet
admin-empty-text = Rows appear as soon as there are any.
admin-sign-in-text = Enter this installation’s admin token.
admin-token = Token
admin-sign-in = Sign in
admin-refused = This token was not accepted. Check it in the installation’s configuration.
job-state-queued = queued
job-state-running = running
job-state-done = done
job-state-failed = failed
job-provision = Provision
job-update = Update
job-update-connections = Update connections
job-suspend = Suspend
job-reactivate = Reactivate
job-resize = Resize
job-destroy = Destroy
job-health-check = Health check
release-active = active
release-retired = retired
release-no-test = no self-test
release-test = self-test { $passed } of { $total }
release-digest = Digest
release-size = Size
release-exports = Offers
release-imports = Asks of the platform
release-installed = Installed
upload-title = Install a release
upload-text = A WebAssembly component (.wasm). It is checked and tested in the sandbox; if it passes, it is active for new agents within a second.
upload-file = The component’s file
upload-install = Check and install
upload-done = { $count ->
    [0] { $niche } { $version } is active. The component brings no self-test.
    [one] { $niche } { $version } is active. The self-test’s case passed.
   *[other] { $niche } { $version } is active. All { $count } cases of the self-test passed.
 }
upload-reload = Refresh the list
upload-refused = This release was not installed.
