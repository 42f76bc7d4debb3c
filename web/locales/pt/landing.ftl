landing-promise = Um agente que conhece o seu ramo, pronto em um minuto
landing-lead = Escolha o ramo, responda a algumas perguntas e converse no Telegram com um agente só seu. Ele consulta fontes de verdade e mostra de onde tirou cada resposta.
landing-choose = Escolher meu agente
landing-how-link = Ver como funciona
landing-from = A partir de { $price } por mês. Cancele quando quiser.
landing-example = exemplo

niches-title = Escolha o seu ramo
niches-text = { $count ->
    [0] Os primeiros ramos chegam em breve.
    [one] Um ramo já atende. Os próximos estão a caminho.
   *[other] { $count } ramos já atendem. Cada um com as ferramentas do seu trabalho.
 }
niches-empty-title = Nenhum ramo publicado
niches-empty-text = Assim que o primeiro for instalado, ele aparece aqui.

how-title = Do primeiro clique à primeira resposta
how-text = Ninguém precisa configurar nada para você.
how-1-title = Conte como você trabalha
how-1-text = O agente faz uma pergunta por vez e explica por que pergunta. Você pode voltar e mudar o que disse.
how-1-time = cerca de 2 minutos
how-2-title = Escolha o plano e pague
how-2-text = Com cartão, pela Stripe. O número do cartão nunca passa por nós.
how-2-time = cerca de 1 minuto
how-3-title = Converse
how-3-text = Você vê cada passo enquanto seu agente é criado. A conversa abre aqui mesmo e no seu Telegram.
how-3-time = menos de 60 segundos

prices-title = Preços
prices-text = Um valor fixo por mês. Ao chegar ao limite, o agente avisa e para: não existe cobrança surpresa.
prices-note = Token é um pedaço de palavra que o modelo lê ou escreve. Uma pergunta com consulta gasta em geral de 3 a 6 mil; numa conversa longa, até 16 mil.
price-monthly = Por mês
price-tokens = Tokens por mês
price-users = Pessoas no Telegram
price-users-count = { $count ->
    [one] 1 pessoa
   *[other] até { $count } pessoas
 }
price-thinking = Quanto o agente pensa
price-web-chat = Conversa pelo site
price-included = incluída
price-per-month = por mês
tier-starter = Starter
tier-pro = Pro
tier-team = Team
thinking-low = pouco
thinking-medium = o suficiente
thinking-high = bastante

privacy-title = O que é seu fica separado
privacy-text = Cada agente roda sozinho. Ele só alcança o que o seu ramo declarou e o que você permitiu.
privacy-1-title = Um agente, um cliente
privacy-1-text = Processo, memória e dados não são compartilhados com ninguém.
privacy-2-title = Sem acesso livre à internet
privacy-2-text = Tudo o que entra ou sai passa por portas vigiadas, que só abrem para o que foi declarado.
privacy-3-title = Chaves fora do alcance
privacy-3-text = O token do seu bot fica cifrado. O agente nunca o vê, nem a chave do modelo.
privacy-4-title = Cancelou, acabou
privacy-4-text = O agente é desligado em minutos, e o acesso dele é fechado na hora.
map-label = Você fala com o seu agente pelo Telegram ou pelo site. O agente, isolado, só fala com o modelo de linguagem e com as ferramentas do ramo, e sempre por portas vigiadas.
map-you = Você
map-you-text = Telegram ou site
map-wire-messages = mensagens
map-agent = Seu agente
map-agent-text = isolado, só seu
map-wire-guarded = portas vigiadas
map-model = Modelo
map-model-text = cada token contado
map-tools = Ferramentas
map-tools-text = em caixa fechada

questions-title = Perguntas
question-1 = Preciso entender de tecnologia?
answer-1 = Não. Você responde a perguntas sobre o seu trabalho e escolhe um plano. O resto acontece sozinho e você acompanha na tela.
question-2 = Preciso ter Telegram?
answer-2 = Não. A conversa pelo site vem com todo plano. Se quiser usar o Telegram, mostramos como criar um bot em um minuto.
question-3 = De onde vêm as respostas?
answer-3 = O agente chama ferramentas do seu ramo, feitas a partir de fontes citadas, e mostra o resultado com a fonte. O que ele não sabe, ele diz que não sabe.
question-4 = O que acontece quando os tokens acabam?
answer-4 = Avisamos antes, aos 90%. No limite, o agente explica que a cota do mês acabou. Você pode mudar de plano ou esperar o próximo período.
question-5 = Posso cancelar?
answer-5 = Sim, com dois cliques na página do agente. Ele é desligado em minutos e a cobrança para.
question-6 = O agente substitui um profissional?
answer-6 = Não. Ele consulta, organiza e lembra. Cada ramo diz claramente o que o agente não faz, e a decisão continua sendo de uma pessoa.
