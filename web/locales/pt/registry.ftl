# The registry's first page, a niche's, the audit trail, publishers.
registry-title = Registro de versões
registry-niches = Ramos
registry-active = Ativa
registry-none-active = nenhuma versão ativa
registry-others = Outras versões
registry-on-agents = { $count ->
    [0] nenhum agente
    [one] 1 agente
   *[other] { $count } agentes
 }
registry-pending = { $count ->
    [one] 1 espera por você
   *[other] { $count } esperam por você
 }
registry-running = { $version } para { $share } % dos agentes
registry-running-since = { $who }, desde
registry-empty-title = Nenhum ramo ainda
registry-empty-text = Um ramo aparece aqui quando a sua primeira versão é enviada.
registry-refused = Não foi feito.

waiting-none = Nada espera por você.
waiting-title = { $count ->
    [one] Uma versão espera por você
   *[other] { $count } versões esperam por você
 }
waiting-same = Pede o mesmo que a ativa, ou menos.
waiting-more = { $count ->
    [one] Pede 1 coisa que ninguém aprovou.
   *[other] Pede { $count } coisas que ninguém aprovou.
 }
waiting-first = { $count ->
    [one] Primeira versão do ramo. Pede 1 coisa.
   *[other] Primeira versão do ramo. Pede { $count } coisas.
 }
waiting-uploaded = Enviada por { $who },
waiting-decide = Ver e decidir
waiting-decide-label = Ver e decidir: { $what }

settings-title = Aprovação por regra
settings-rule = Aprovar sem esperar
settings-on = ligada
settings-off = desligada
settings-rule-text = Uma versão que pede o mesmo que foi aprovado para a ativa, ou menos, é aprovada na hora, em nome da regra. Quem pede mais sempre espera por uma pessoa, e nada chega a um agente sem que alguém comece a distribuição.
settings-turn-on = Ligar a regra
settings-turn-off = Desligar a regra

upload-title = Enviar uma versão
upload-text = O componente é verificado e testado na caixa de areia. Se passar, fica pendente até alguém decidir. Leva alguns segundos.
upload-file = Componente
upload-file-help = Um arquivo .wasm. Escolha, ou arraste até aqui.
upload-signature = Assinatura (opcional)
upload-signature-help = O arquivo .sig de quem publica. Sem ele, a versão fica como não assinada.
upload-pull = Buscar de um registro OCI
upload-reference = Referência
upload-reference-help = Como em registry.example.com/niches/hello:1.2.0. Vale quando nenhum arquivo é escolhido.
upload-send = Verificar e enviar
upload-progress = Andamento do envio
upload-sending = Enviando…
upload-checking = Enviado. Verificando e testando…
upload-away = O envio não chegou ao fim. Nada foi gravado. Confira a conexão e envie de novo.

niche-active = { $count ->
    [0] Ativa: { $version }, em nenhum agente.
    [one] Ativa: { $version }, em 1 agente.
   *[other] Ativa: { $version }, em { $count } agentes.
 }
niche-releases = Versões
niche-roll-outs = Distribuições
roll-outs-none = Nenhuma distribuição ainda.

audit-title = Histórico
audit-all = Ver o histórico inteiro deste ramo
audit-none = Nada foi feito ainda.
audit-when = Quando
audit-who = Quem
audit-what = O quê
audit-why = Por quê
audit-every-niche = Todos
audit-show = Mostrar
audit-newest = Mais recentes
audit-older = Mais antigas
audit-upload = enviou
audit-approve = aprovou
audit-reject = rejeitou
audit-retire = aposentou
audit-roll-out = começou a distribuir
audit-share = mudou a parcela de
audit-complete = deu a todos
audit-roll-back = voltou de
audit-cancel = cancelou a distribuição de
audit-register-publisher = registrou um publicador
audit-revoke-publisher = revogou um publicador
audit-settings = mudou a regra de aprovação
audit-detail-before = antes { $value }
audit-detail-from = no lugar de { $value }
audit-detail-to = de volta à { $value }
audit-detail-by = { $value } assumiu
audit-detail-reference = de { $value }
audit-detail-key = chave { $value }
audit-detail-name = { $value }
audit-detail-niches = ramos: { $value }
audit-detail-auto_approve_same_or_fewer-true = ligada
audit-detail-auto_approve_same_or_fewer-false = desligada
who-rule = regra
who-platform = plataforma

publishers-title = Publicadores
publishers-text = Quem publica assina cada versão com a sua chave Ed25519. Um ramo com publicador registrado só aceita versões assinadas por ele.
publishers-empty-title = Nenhum publicador registrado
publishers-empty-text = Sem publicadores, toda versão aparece como não assinada ou desconhecida, e você decide caso a caso. Registre a primeira chave abaixo.
publisher-name = Nome
publisher-key = Chave pública
publisher-niches = Ramos
publisher-releases = Versões
publisher-registered = Registrado
publisher-valid = válido
publisher-revoked = revogado
publisher-revoke = Revogar…
register-title = Registrar um publicador
register-key-help = A chave pública Ed25519: 64 algarismos hexadecimais.
register-niches = Ramos só dele (opcional)
register-niches-help = Os ids, separados por vírgulas. As versões destes ramos passam a exigir a assinatura dele.
register-send = Registrar a chave
revoke-title = Revogar { $name }?
revoke-text = { $count ->
    [0] As assinaturas de { $name } deixam de valer. Nenhuma versão enviada até hoje as usa.
    [one] As assinaturas de { $name } deixam de valer. A versão que já assinou fica marcada como revogada, e nenhum agente muda de versão por isso.
   *[other] As assinaturas de { $name } deixam de valer. As { $count } versões que já assinou ficam marcadas como revogadas, e nenhum agente muda de versão por isso.
 }
revoke-final = Isto não pode ser desfeito. Se a chave não vazou, não é preciso revogar.
revoke-confirm = Revogar de vez

done-upload = Versão enviada: passou na verificação e no autoteste.
done-approve = Aprovada. Nenhum agente a usa até você começar a distribuição.
done-reject = Rejeitada. Nenhum agente a usou.
done-retire = Aposentada. Não é mais oferecida.
done-roll-out = Distribuição em andamento. Os agentes da parcela mudam em um segundo.
done-complete = Todos os agentes estão nela, e ela é a ativa. A anterior foi aposentada.
done-roll-back = Os agentes voltaram à versão anterior.
done-settings = Regra mudada.
done-register = Chave registrada.
done-revoke = Publicador revogado. As suas assinaturas não valem mais.

# The API's problem codes that only an admin meets.
problem-invalid-token = É preciso o token de administração.
problem-wrong-state = Este passo não é mais possível: a versão mudou de estado, talvez pela mão de outra pessoa. A página já mostra o estado de agora.
problem-self-test-failed = O componente não passou no próprio autoteste e não foi aceito.
problem-not-a-component = Este arquivo não é um componente WebAssembly.
problem-component-too-large = O componente é grande demais.
problem-missing-export = Falta ao componente algo que todo ramo oferece.
problem-forbidden-import = O componente pede algo que a plataforma não dá.
problem-unknown-contract-version = O componente foi feito para outra versão do contrato.
problem-upload-cut = O envio foi interrompido. Nada foi gravado; envie de novo.
problem-invalid-signature = A assinatura não confere com o componente.
problem-untrusted = A assinatura deste ramo é exigida, e esta versão não a traz, ou ela não vale.
problem-invalid-reference = Isto não é uma referência OCI.
problem-registry-not-allowed = A configuração da plataforma não permite buscar deste registro.
problem-registry-failed = O registro OCI não respondeu como devia. Confira a referência e tente de novo.
problem-invalid-field = Um campo não serve. Confira e tente de novo.
problem-conflict = Isto não combina com o que já existe.
