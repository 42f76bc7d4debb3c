landing-promise = An agent that knows your trade, ready in a minute
landing-lead = Choose your trade, answer a few questions and talk in Telegram to an agent that is yours alone. It consults real sources and shows where each answer came from.
landing-choose = Choose my agent
landing-how-link = See how it works
landing-from = From { $price } a month. Cancel whenever you like.
landing-example = example

niches-title = Choose your trade
niches-text = { $count ->
    [0] The first trades are coming soon.
    [one] One trade is open. The next ones are on their way.
   *[other] { $count } trades are open. Each with the tools of its work.
 }
niches-empty-title = No trade published yet
niches-empty-text = As soon as the first one is installed, it appears here.

how-title = From the first click to the first answer
how-text = Nobody has to set anything up for you.
how-1-title = Say how you work
how-1-text = The agent asks one question at a time and says why it asks. You can go back and change what you said.
how-1-time = about 2 minutes
how-2-title = Choose a plan and pay
how-2-text = By card, through Stripe. The card number never passes through us.
how-2-time = about 1 minute
how-3-title = Talk
how-3-text = You see each step while your agent is made. The chat opens right here and in your Telegram.
how-3-time = under 60 seconds

prices-title = Prices
prices-text = One fixed price a month. At the limit the agent says so and stops: there are no surprise charges.
prices-note = A token is a piece of a word that the model reads or writes. A question with a look-up usually takes 3 to 6 thousand; in a long chat, up to 16 thousand.
price-monthly = A month
price-tokens = Tokens a month
price-users = People in Telegram
price-users-count = { $count ->
    [one] 1 person
   *[other] up to { $count } people
 }
price-thinking = How much the agent thinks
price-web-chat = Chat on this site
price-included = included
price-per-month = a month
tier-starter = Starter
tier-pro = Pro
tier-team = Team
thinking-low = a little
thinking-medium = enough
thinking-high = a lot

privacy-title = What is yours stays apart
privacy-text = Each agent runs alone. It reaches only what its trade declared and what you allowed.
privacy-1-title = One agent, one customer
privacy-1-text = Process, memory and data are shared with nobody.
privacy-2-title = No free run of the internet
privacy-2-text = Whatever goes in or out passes guarded doors, which open only for what was declared.
privacy-3-title = Keys out of reach
privacy-3-text = Your bot’s token is kept encrypted. The agent never sees it, nor the model’s key.
privacy-4-title = Cancelled means gone
privacy-4-text = The agent is shut down within minutes, and its access is closed at once.
map-label = You talk to your agent through Telegram or this site. The agent, isolated, talks only to the language model and to the tools of its trade, and always through guarded doors.
map-you = You
map-you-text = Telegram or this site
map-wire-messages = messages
map-agent = Your agent
map-agent-text = isolated, yours alone
map-wire-guarded = guarded doors
map-model = Model
map-model-text = every token counted
map-tools = Tools
map-tools-text = in a sealed box

questions-title = Questions
question-1 = Do I need to know about technology?
answer-1 = No. You answer questions about your work and choose a plan. The rest happens by itself, and you can watch it happen.
question-2 = Do I need Telegram?
answer-2 = No. Chat on this site comes with every plan. If you want Telegram, we show you how to make a bot in a minute.
question-3 = Where do the answers come from?
answer-3 = The agent calls the tools of its trade, which are built from cited sources, and shows the result with its source. What it does not know, it says it does not know.
question-4 = What happens when the tokens run out?
answer-4 = We warn you first, at 90%. At the limit the agent explains that the month’s allowance is used up. You can change plans or wait for the next period.
question-5 = Can I cancel?
answer-5 = Yes, with two clicks on the agent’s page. It is shut down within minutes and billing stops.
question-6 = Does the agent replace a professional?
answer-6 = No. It looks up, sorts out and remembers. Each trade says plainly what the agent does not do, and the decision stays with a person.
