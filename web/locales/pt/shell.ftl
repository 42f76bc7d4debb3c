# What stands around every page.
shell-title = OpenClaw Cloud · um agente para o seu ramo
shell-brand = OpenClaw Cloud
shell-skip = Ir para o conteúdo
shell-navigation = Navegação principal
shell-footer-navigation = Rodapé
shell-my-agents = Meus agentes
shell-sign-in = Entrar
shell-sign-out = Sair
shell-niches = Ramos
shell-prices = Preços
shell-other-language = Read in English
shell-theme = Alternar claro e escuro
shell-footer = OpenClaw Cloud: agentes que conhecem o seu trabalho, cada um isolado dos demais.
shell-outbox = Caixa de saída
shell-admin = Administração
shell-design = Componentes
shell-dev = desenvolvimento
shell-back-out = Voltar

message-not-found-title = Esta página não existe
message-not-found-text = O endereço pode ter mudado, ou veio incompleto. Nada do que você fez se perdeu.
message-away-title = Voltamos já
message-away-text = Estamos reiniciando uma parte do sistema. Seus agentes e dados estão intactos. Espere alguns segundos e recarregue a página.
message-broken-title = Não conseguimos mostrar esta página
message-broken-text = O erro é nosso e ficou registrado. Seus dados estão intactos. Recarregue a página; se continuar, escreva para nós.
message-problem-title = Não deu certo
message-home = Voltar ao início
