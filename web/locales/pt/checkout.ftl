plan-title = Escolha o plano
plan-text = Para o seu agente de { $niche }.
plan-choose = Escolher { $tier }
plan-chosen = escolhido
plan-pay = Ir para o pagamento
plan-tokens = { $tokens } tokens por mês
plan-users = { $count ->
    [one] 1 pessoa no Telegram
   *[other] até { $count } pessoas no Telegram
 }
plan-thinking = pensa { $level } antes de responder
plan-email-title = Para onde mandamos o link de entrada?
plan-email-text = Plano { $tier } escolhido. Não há senha: você entra por um link que chega no seu e-mail e volta para esta página.

demo-title = Pagamento de demonstração
demo-banner-title = Isto é uma demonstração
demo-banner-text = Nenhum cartão é pedido e nenhum dinheiro se move. O resto acontece como em uma compra real.
demo-agent = Agente
demo-tier = Plano
demo-price = Preço
demo-today = Cobrado hoje
demo-pay = Pagar de mentira e criar o agente
demo-see = Ver o andamento
demo-next = Em seguida você acompanha a criação do agente. Leva alguns segundos.

progress-title = Criando o seu agente
progress-text = Em geral leva poucos segundos. Você pode deixar esta página: nada se perde.
progress-live-title = Seu agente está no ar
progress-live-text = Ele já pode conversar com você.
progress-failed-title = Não conseguimos criar o agente
progress-failed-text = Já fomos avisados e vamos tentar de novo. Seu pagamento está registrado.
progress-waiting = ainda não começou
progress-running = em andamento
progress-done = concluído
progress-failed = falhou
progress-open-chat = Conversar com o agente
step-payment = Pagamento
step-prepare = Preparar o espaço do agente
step-persona = Escrever as instruções a partir das suas respostas
step-tokens = Criar a credencial do agente
step-gateway = Ligar o agente
step-answering = Primeiro sinal de vida do agente
step-stop = Desligar o agente
step-close = Fechar a credencial
step-erase = Apagar os dados

telegram-open = Abrir no Telegram
telegram-qr = Código QR que abre o bot no Telegram
telegram-qr-text = Ou aponte a câmera do celular.
