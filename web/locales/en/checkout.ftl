plan-title = Choose a plan
plan-text = For your { $niche } agent.
plan-choose = Choose { $tier }
plan-chosen = chosen
plan-pay = Go to payment
plan-tokens = { $tokens } tokens a month
plan-users = { $count ->
    [one] 1 person in Telegram
   *[other] up to { $count } people in Telegram
 }
plan-thinking = thinks { $level } before it answers
plan-email-title = Where shall we send the sign-in link?
plan-email-text = You chose { $tier }. There is no password: you sign in by a link that comes to your e-mail and brings you back to this page.

demo-title = Demo payment
demo-banner-title = This is a demo
demo-banner-text = No card is asked for and no money moves. Everything else happens as in a real purchase.
demo-agent = Agent
demo-tier = Plan
demo-price = Price
demo-today = Charged today
demo-pay = Pretend to pay and create the agent
demo-see = See the progress
demo-next = Next you watch the agent being made. It takes a few seconds.

progress-title = Making your agent
progress-text = This usually takes a few seconds. You can leave this page: nothing is lost.
progress-live-title = Your agent is live
progress-live-text = It is ready to talk to you.
progress-failed-title = We could not make the agent
progress-failed-text = We have been told and will try again. Your payment is recorded.
progress-waiting = not begun
progress-running = under way
progress-done = done
progress-failed = failed
progress-open-chat = Talk to the agent
step-payment = Payment
step-prepare = Prepare the agent’s own space
step-persona = Write its instructions from your answers
step-tokens = Make the agent’s credential
step-gateway = Start the agent
step-answering = The agent’s first sign of life
step-stop = Stop the agent
step-close = Close its credential
step-erase = Erase its data

telegram-open = Open in Telegram
telegram-qr = QR code that opens the bot in Telegram
telegram-qr-text = Or point your phone’s camera here.
