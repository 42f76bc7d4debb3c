# What stands around every page.
shell-title = OpenClaw Cloud · an agent for your trade
shell-brand = OpenClaw Cloud
shell-skip = Skip to content
shell-navigation = Main navigation
shell-footer-navigation = Footer
shell-my-agents = My agents
shell-sign-in = Sign in
shell-sign-out = Sign out
shell-niches = Trades
shell-prices = Prices
shell-other-language = Ler em português
shell-theme = Switch between light and dark
shell-footer = OpenClaw Cloud: agents that know your work, each isolated from every other.
shell-outbox = Outbox
shell-admin = Admin
shell-design = Components
shell-dev = development
shell-back-out = Go back

message-not-found-title = This page does not exist
message-not-found-text = The address may have changed or arrived incomplete. Nothing you did is lost.
message-away-title = Back in a moment
message-away-text = Part of the system is restarting. Your agents and data are intact. Wait a few seconds and reload the page.
message-broken-title = We could not show this page
message-broken-text = The fault is ours and has been recorded. Your data is intact. Reload the page; if it persists, write to us.
message-problem-title = That did not work
message-home = Back to the start
