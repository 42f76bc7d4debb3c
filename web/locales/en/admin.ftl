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
admin-name = Your name (optional)
admin-name-help = It stands in the audit trail, beside what you decide.
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
