agent-provisioning = being made
agent-provisioning-text = We are starting the agent. It usually takes a few seconds; this page updates itself.
agent-live = live
agent-live-text = Ready to talk, here and in Telegram.
agent-live-web-text = Ready to talk right here.
agent-ending-text = The subscription is cancelled. The agent is being shut down; this page updates itself.
agent-suspended = suspended
agent-suspended-text = The agent is stopped. Its data is kept.
agent-destroyed = ended
agent-destroyed-text = The agent was shut down and its access closed.
agent-failed = in trouble
agent-failed-text = The agent could not start. We have been told and will try again.
agent-reason-payment-failed = The payment did not go through. Update the card and the agent is back in seconds; its data is kept.
agent-reason-by-admin = Our team stopped the agent. Its data is kept; talk to us.
agent-reason-release = This trade’s component did not answer as it should. We have been told; your payment is recorded.
agent-reason-persona = We could not write the agent’s instructions from the answers. We have been told; your payment is recorded.
agent-reason-not-answering = The agent was started but gave no sign of life. We will try again; your payment is recorded.
agent-reason-gateway = We could not start the agent. We will try again; your payment is recorded.

chat-title = Chat
chat-you = You
chat-label = Write to the agent
chat-closed = The chat is closed
chat-send = Send message
chat-sending = sending
chat-typing = { $name } is typing
chat-empty-title = Try it
chat-empty-text = Tap a sentence to begin, or write your own.
chat-demo = Demo model: the answers come from a simple model made to show the tools. They do not come from a real language model.
chat-demo-chip = demo

usage-title = Use this period
usage-none = Use appears after the first conversation.
usage-of = of { $limit } tokens
usage-bar-label = { $percent }% of the allowance used
usage-forecast-unknown = The period runs until { $end }.
usage-forecast-enough = At this pace you reach { $percent }% of the allowance by { $end }.
usage-forecast-short = At this pace the allowance is used up on { $day }, before the period ends ({ $end }).
usage-forecast-exhausted = The allowance is used up. The agent answers again on { $end }, or at once with a larger plan.
usage-chart-summary = { $days ->
    [one] Used on 1 day. The busiest was { $day }, with { $top } tokens.
   *[other] Used on { $days } days. The busiest was { $day }, with { $top } tokens.
 }

telegram-title = Telegram
telegram-none = This agent uses only the chat on this site.
telegram-unauthorized = Telegram did not accept the bot’s token. Ask @BotFather for a new one. The chat on this site still works.
telegram-conflict = Another program is using the same bot. Stop the other one or make a new bot. The chat on this site still works.
telegram-other = Telegram refused the bot. The chat on this site still works.

answers-title = What it knows about you
answers-note = The agent was made with these answers.

bill-title = Subscription
bill-tier = Plan
bill-price = Price
bill-state = Status
bill-renews = Renews on
bill-ends = Ends on
bill-portal = Card and receipts
bill-demo = Demo subscription: nothing is charged.
subscription-active = paid up
subscription-past_due = payment due
subscription-canceled = cancelled
cancel-open = Cancel subscription
cancel-title = Cancel and shut the agent down?
cancel-text = The agent stops within minutes and billing ends. Its conversations and records cannot be brought back.
cancel-confirm = Yes, cancel
