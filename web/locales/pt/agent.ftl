agent-provisioning = sendo criado
agent-provisioning-text = Estamos ligando o agente. Em geral leva poucos segundos; esta página se atualiza sozinha.
agent-live = no ar
agent-live-text = Pronto para conversar, aqui e no Telegram.
agent-live-web-text = Pronto para conversar aqui mesmo.
agent-ending-text = A assinatura foi cancelada. O agente está sendo desligado; esta página se atualiza sozinha.
agent-suspended = suspenso
agent-suspended-text = O agente está parado. Os dados dele estão guardados.
agent-destroyed = encerrado
agent-destroyed-text = O agente foi desligado e o acesso dele, fechado.
agent-failed = com problema
agent-failed-text = O agente não conseguiu começar. Já fomos avisados e vamos tentar de novo.
agent-reason-payment-failed = O pagamento não passou. Atualize o cartão e o agente volta em segundos; os dados estão guardados.
agent-reason-by-admin = O agente foi parado pela nossa equipe. Os dados estão guardados; fale conosco.
agent-reason-release = O componente deste ramo não respondeu como devia. Já fomos avisados; seu pagamento está registrado.
agent-reason-persona = Não conseguimos escrever as instruções do agente a partir das respostas. Já fomos avisados; seu pagamento está registrado.
agent-reason-not-answering = O agente foi ligado, mas não deu sinal de vida. Vamos tentar de novo; seu pagamento está registrado.
agent-reason-gateway = Não conseguimos ligar o agente. Vamos tentar de novo; seu pagamento está registrado.

chat-title = Conversa
chat-you = Você
chat-label = Escreva ao agente
chat-closed = A conversa está fechada
chat-send = Enviar mensagem
chat-sending = enviando
chat-typing = { $name } está escrevendo
chat-empty-title = Experimente
chat-empty-text = Toque em uma frase para começar, ou escreva a sua.
chat-demo = Modelo de demonstração: as respostas vêm de um modelo simples, feito para mostrar as ferramentas. Elas não vêm de um modelo de linguagem de verdade.
chat-demo-chip = demonstração

usage-title = Uso neste período
usage-none = O uso aparece depois da primeira conversa.
usage-of = de { $limit } tokens
usage-bar-label = { $percent }% da cota usada
usage-forecast-unknown = O período vai até { $end }.
usage-forecast-enough = Nesse ritmo, você chega a { $percent }% da cota até { $end }.
usage-forecast-short = Nesse ritmo, a cota acaba em { $day }, antes do fim do período ({ $end }).
usage-forecast-exhausted = A cota acabou. O agente volta a responder em { $end }, ou já, com um plano maior.
usage-chart-summary = { $days ->
    [one] Usado em 1 dia. O dia de maior uso foi { $day }, com { $top } tokens.
   *[other] Usado em { $days } dias. O dia de maior uso foi { $day }, com { $top } tokens.
 }

telegram-title = Telegram
telegram-none = Este agente usa só a conversa pelo site.
telegram-unauthorized = O Telegram não aceitou o token do bot. Peça um novo ao @BotFather. A conversa pelo site continua funcionando.
telegram-conflict = Outro programa está usando o mesmo bot. Pare o outro ou crie um bot novo. A conversa pelo site continua funcionando.
telegram-other = O Telegram recusou o bot. A conversa pelo site continua funcionando.

answers-title = O que ele sabe de você
answers-note = O agente foi criado com estas respostas.

bill-title = Assinatura
bill-tier = Plano
bill-price = Preço
bill-state = Situação
bill-renews = Renova em
bill-ends = Termina em
bill-portal = Cartão e recibos
bill-demo = Assinatura de demonstração: nada é cobrado.
subscription-active = em dia
subscription-past_due = pagamento pendente
subscription-canceled = cancelada
cancel-open = Cancelar assinatura
cancel-title = Cancelar e desligar o agente?
cancel-text = O agente para em minutos e a cobrança termina. As conversas e os registros dele não poderão ser recuperados.
cancel-confirm = Sim, cancelar
