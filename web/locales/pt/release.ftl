# A release's page.
release-pending = espera decisão
release-rejected = rejeitada
release-approved = aprovada
release-active = ativa
release-retired = aposentada
release-version = Versão
release-asks = Pede a mais
release-asks-more = { $count ->
    [0] nada
    [one] 1 coisa
   *[other] { $count } coisas
 }
release-publisher = Publicador
release-uploaded = Enviada
release-test = { $passed } de { $total } passaram
release-digest = Digest
release-size = Tamanho
release-contract = Contrato
release-exports = Oferece
release-imports = Usa da plataforma
release-decided = Decidida
release-reference = Veio de

trust-verified = assinada por { $name }
trust-verified-text = A assinatura confere com a chave registrada.
trust-revoked = publicador revogado
trust-revoked-text = Assinada com uma chave que foi revogada. Não confie nela sem perguntar a quem publicou.
trust-unknown = publicador desconhecido
trust-unknown-text = Está assinada, mas ninguém registrou esta chave: não se sabe de quem é.
trust-unsigned = não assinada
trust-unsigned-text = Nada prova quem a publicou.
copy = Copiar
copy-done = Copiado

want-and = e
want-host = enviar { $methods } para { $host }
want-host-any = enviar qualquer requisição para { $host }
want-connection = usar a conexão { $provider } do cliente
want-connection-any = usar qualquer conexão do cliente
want-storage = guardar até { $total } de dados por cliente
want-storage-more = guardar mais { $more } de dados por cliente, { $total } ao todo
want-storage-why = Separados dos dados de outros clientes.
want-required = Sem ela, o agente não serve.

changes-title = O que muda para os clientes
changes-none = Quem publicou não disse o que muda.
asks-new = O que pede de novo
asks-difference = O que pede além da ativa
asks-first = O que pede
asks-against = Comparada com a ativa,
asks-nothing-new = Nada que já não esteja aprovado.
asks-over-ceiling = A plataforma não permite, mesmo que você aprove:
asks-no-longer = Não pede mais:
asked-title = Tudo o que pede, e por quê
asked-nothing = Nada além da conversa.
asked-approved-part = Aprovado só em parte:
asked-approved-nothing = Nada disto foi aprovado.
asked-functions = Funções de sistema que o componente usa. Elas não alcançam nada aqui; pergunte a quem publicou para que servem.
tests-title = Autoteste
tests-none = O componente não traz autoteste.
tests-passed = Passou:
tests-failed = Falhou:
tests-recording = gravação
usage-month = Uso nos últimos 30 dias
usage-tool = Ferramenta
usage-computing = CPU, memória
usage-traffic = Rede
usage-requests = { $count ->
    [one] 1 pedido
   *[other] { $number } pedidos
 }
usage-egress = enviou { $size }
usage-ingress = recebeu { $size }
usage-storage = Guardado
facts-title = Ficha

ended-rejected = Rejeitada por { $who }.
ended-by-itself = A distribuição voltou sozinha.
ended-by = A distribuição voltou por decisão de { $who }.

reason-required = Por quê
reason-optional = Por quê (opcional)

steps-decide = Decidir
steps-decide-text = Nenhum agente a usa ainda. Aprovar não muda agente nenhum: a distribuição é o passo seguinte.
steps-rejected = Rejeitada
steps-rejected-text = Os mesmos bytes podem ser enviados de novo, e esperam então outra decisão.
steps-running = Distribuição em andamento
steps-roll-out = Distribuir
steps-roll-out-text = Aprovada, e em nenhum agente. Comece por uma parcela pequena; se piorar, ela volta sozinha.
steps-first = Publicar
steps-first-text = Aprovada. É a primeira versão do ramo: não há outra para comparar, e os agentes começam por ela.
steps-active = Ativa
steps-active-text = É a versão que novos agentes recebem.
steps-retired = Aposentada
steps-retired-text = Não é oferecida. Pode voltar por uma nova distribuição.

approve = Aprovar
approve-effect = Fica aprovada e em nenhum agente.
approve-part = Aprovar só uma parte
approve-part-text = O que você desmarcar, a versão não alcança, mesmo que peça.
reject = Rejeitar
reject-open = Rejeitar…
reject-effect = Nenhum agente a recebe. Quem publicou lê a sua razão.
retire = Aposentar
retire-open = Aposentar…
retire-effect = Deixa de ser oferecida. Está em: { $agents }.
