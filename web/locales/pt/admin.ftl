admin-title = Administração
admin-customers = Clientes
admin-agents = Agentes
admin-jobs = Tarefas
admin-releases = Versões
admin-email = E-mail
admin-language = Idioma
admin-since = Desde
admin-agents-count = { $count ->
    [0] nenhum agente
    [one] 1 agente
   *[other] { $count } agentes
 }
admin-agent = Agente
admin-niche = Ramo
admin-tier = Plano
admin-state = Estado
admin-usage = Tokens
admin-heartbeat = Último sinal
admin-job = Tarefa
admin-attempts = Tentativas
admin-queued = Criada
admin-took = Duração
admin-action = Ação
admin-retry = Tentar de novo
admin-empty-title = Nada aqui ainda
admin-empty-text = As linhas aparecem assim que existirem.
admin-sign-in-text = Informe o token de administração desta instalação.
admin-token = Token
admin-name = Seu nome (opcional)
admin-name-help = Fica no histórico, ao lado do que você decidir.
admin-sign-in = Entrar
admin-refused = Este token não foi aceito. Confira-o na configuração da instalação.
job-state-queued = na fila
job-state-running = em andamento
job-state-done = concluída
job-state-failed = falhou
job-provision = Criar
job-update = Atualizar
job-update-connections = Atualizar conexões
job-suspend = Suspender
job-reactivate = Reativar
job-resize = Mudar de plano
job-destroy = Encerrar
job-health-check = Verificar
