# A roll-out with its figures.
roll-out-title = Distribuição
roll-out-running = em andamento
roll-out-complete = completa
roll-out-rolled-back = voltou
roll-out-cancelled = cancelada
roll-out-from = No lugar de
roll-out-share = Parcela
roll-out-began = Começou
roll-out-ended = Terminou
roll-out-words = { $share } % dos agentes: { $agents } de { $all } já estão nela.
share-bar = { $share } % dos agentes
share-legend = Para que parcela dos agentes do ramo?
share-other = Outra
share-other-label = Outra parcela, em por cento
share-start = Começar a distribuição
share-open = Mudar a parcela…
share-change = Mudar a parcela
share-effect = O ramo tem { $agents }. Os da parcela passam para a { $version } em um segundo; chamadas em andamento terminam na versão em que começaram.
complete = Dar a todos
complete-effect = { $count ->
    [0] Nenhum agente muda agora; a { $version } fica ativa para os novos.
    [one] Mais 1 agente passa para a { $version } em um segundo, e ela fica ativa para os novos.
   *[other] Mais { $count } agentes passam para a { $version } em um segundo, e ela fica ativa para os novos.
 }
at-once-open = Dar a todos de uma vez…
at-once-effect = { $count ->
    [0] O ramo não tem agentes: nenhum muda agora, e os novos recebem a { $version }.
    [one] O único agente do ramo passa para a { $version } em um segundo, sem uma parcela que mostre antes como ela se sai.
   *[other] Os { $count } agentes do ramo passam para a { $version } em um segundo, sem uma parcela que mostre antes como ela se sai.
 }
back = Voltar agora
back-open = Voltar à anterior…
back-effect = { $count ->
    [0] Nenhum agente está nesta versão; a { $version } volta a valer.
    [one] 1 agente nesta versão volta para a { $version } em um segundo.
   *[other] { $count } agentes nesta versão voltam para a { $version } em um segundo.
 }

figures-title = As duas versões, lado a lado
figures-old = anterior
figures-new = nova
figures-calls = Chamadas
figures-errors = Erros
figures-traps = Travamentos
figures-timeouts = Tempo esgotado
figures-refusals = Recusas
figures-updates = Agentes que não atualizaram
figures-p50 = p50
figures-p95 = p95
figures-worse = (pior do que a margem permite)
figures-stale = Sem notícias da plataforma: os números podem estar velhos.
verdict-too-early = Cedo para julgar: { $calls } de { $least } chamadas
verdict-fine = Dentro das margens
verdict-worse = Pior do que as margens permitem: está voltando
verdict-ended = Números do período em que a distribuição rodou.
margins-title = Quando ela volta sozinha
margins-calls = A partir de { $calls } chamadas da versão nova, se comparada com a anterior:
margins-traps = travar em mais { $points } pontos percentuais das chamadas;
margins-timeouts = esgotar o tempo em mais { $points } pontos percentuais;
margins-refusals = ter algo recusado em mais { $points } pontos percentuais;
margins-p95 = ou o p95 passar de { $factor } vezes o anterior, com mais de { $floor } de diferença.
margins-updates = E, com quantas chamadas for, se mais { $points } pontos percentuais dos agentes não conseguirem passar para ela.

worse-updates = { $now } de { $of } agentes não conseguiram passar para ela; para a anterior, { $before } de { $before-of } (são tolerados { $allowed } pontos percentuais a mais).
worse-traps = { $now } de { $of } chamadas travaram; antes, { $before } de { $before-of } (são tolerados { $allowed } pontos percentuais a mais).
worse-timeouts = { $now } de { $of } chamadas esgotaram o tempo; antes, { $before } de { $before-of } (são tolerados { $allowed } pontos percentuais a mais).
worse-refusals = { $now } de { $of } chamadas quiseram o que não está concedido; antes, { $before } de { $before-of } (são tolerados { $allowed } pontos percentuais a mais).
worse-latency = 95 % das chamadas levaram até { $now }; antes, até { $before } (são toleradas até { $allowed } vezes).

lines-none = Ainda sem medidas.
lines-summary = { $what }: { $new } está em { $new-last }, { $old } em { $old-last }. Máximo do período: { $top }.
lines-summary-one = { $what }: { $new } está em { $new-last }. Máximo do período: { $top }.
