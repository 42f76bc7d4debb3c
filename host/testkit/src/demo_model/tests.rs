//! The demo model is asked about a garden: any trade's tools will do.

use serde_json::{Value, json};

use super::*;

fn garden() -> Value {
    let tool = |name: &str, description: &str, properties: Value, required: Value| {
        json!({"type": "function", "function": {"name": name, "description": description,
            "parameters": {"type": "object", "properties": properties, "required": required}}})
    };
    json!([
        tool(
            "check_neighbours",
            "Verifica se duas ou mais plantas convivem no mesmo canteiro. Cita a fonte.",
            json!({"plants": {"type": "array", "items": {"type": "string"}, "minItems": 2, "description": "Plantas (ex.: tomate, salsa)"}}),
            json!(["plants"]),
        ),
        tool(
            "find_seeds",
            "Procura sementes no estoque, com a validade de cada lote.",
            json!({"query": {"type": "string", "description": "Nome ou parte dele"}, "limit": {"type": "integer"}}),
            json!(["query"]),
        ),
        tool(
            "receive_seeds",
            "Dá entrada de um lote de sementes no estoque.",
            json!({"seed": {"type": "string"}, "lot": {"type": "string"}, "quantity": {"type": "integer"}}),
            json!(["seed", "lot", "quantity"]),
        ),
        tool(
            "sell_seeds",
            "Registra a venda de sementes.",
            json!({"seed": {"type": "string"}, "quantity": {"type": "integer"}}),
            json!(["seed", "quantity"]),
        ),
    ])
}

/// Tools whose descriptions are as long, and as full of examples, as real ones are.
fn counter(pt: bool) -> Value {
    let text = |portuguese: &'static str, english: &'static str| if pt { portuguese } else { english };
    let tool = |name: &str, description: &str, properties: Value, required: Value| {
        json!({"type": "function", "function": {"name": name, "description": description,
            "parameters": {"type": "object", "properties": properties, "required": required}}})
    };
    json!([
        tool(
            "check_interactions",
            text(
                "Verifica se dois ou mais medicamentos interagem quando tomados juntos: pode tomar A com B? Também álcool, toranja e plantas. Aceita marcas, substâncias e classes.",
                "Checks whether two or more medicines interact when taken together: can a person take A with B? Also alcohol, grapefruit and herbs.",
            ),
            json!({"medicines": {"type": "array", "items": {"type": "string"}, "minItems": 2, "description": text(
                "Os medicamentos (remédios) a verificar juntos: por exemplo \"varfarina\" e \"ibuprofeno\".",
                "The medicines to check together, two or more: such as \"varfarina\" and \"ibuprofeno\".",
            )}}),
            json!(["medicines"]),
        ),
        tool(
            "find_stock",
            text(
                "Consulta o que a loja tem no estoque: se tem o produto, quantas unidades restam, em que lotes, quando vencem e a que preço. Procura por produto, marca ou princípio ativo.",
                "Finds what the shop has in stock: do we have this product, how many units are left, in which lots, when do they expire, at what price.",
            ),
            json!({"query": {"type": "string", "description": text(
                "O produto, a marca ou a substância a procurar no estoque, ou \"tudo\".",
                "The product, brand or substance to look for in stock, or \"everything\".",
            )}}),
            json!(["query"]),
        ),
        tool(
            "receive_stock",
            text(
                "Registra uma entrada: soma unidades de um lote ao estoque. Só quando a pessoa informou produto, lote, validade e quantidade.",
                "Records a delivery: adds units of a lot to the stock. Only when the person gave product, lot number, expiry date and quantity.",
            ),
            json!({"product": {"type": "string"}, "batch": {"type": "string"}, "expires": {"type": "string"}, "quantity": {"type": "integer"}}),
            json!(["product", "batch", "expires", "quantity"]),
        ),
        tool(
            "sell",
            text(
                "Registra uma venda: retira unidades do estoque, do lote que vence primeiro. Nunca vende lote vencido; medicamento controlado exige receita conferida.",
                "Records a sale: takes units out of stock, from the lot that expires first. A controlled medicine needs its prescription checked.",
            ),
            json!({"product": {"type": "string", "description": text("O produto a vender.", "The product to sell.")}, "quantity": {"type": "integer"}}),
            json!(["product", "quantity"]),
        ),
        tool(
            "controlled_substance",
            text(
                "Consulta se um medicamento é controlado no Brasil (Portaria 344/98): que receita precisa, a cor, a validade e o que se retém.",
                "Looks up whether a medicine is controlled in Brazil: which prescription it needs, its colour, for how long it is valid.",
            ),
            json!({"medicine": {"type": "string", "description": text("O medicamento cuja receita se quer saber: marca ou substância.", "The medicine whose prescription is asked about.")}}),
            json!(["medicine"]),
        ),
    ])
}

#[test]
fn long_descriptions_with_examples_do_not_mislead() {
    let pair = |a: &str, b: &str| ("check_interactions", json!({"medicines": [a, b]}));
    let stock = |query: &str| ("find_stock", json!({"query": query}));
    let rules = |medicine: &str| ("controlled_substance", json!({"medicine": medicine}));
    for (pt, message, expected) in [
        (true, "Posso tomar varfarina com ibuprofeno?", pair("varfarina", "ibuprofeno")),
        (true, "Oi, bom dia! Um cliente toma Marevan e quer comprar AAS, tem problema?", pair("Marevan", "AAS")),
        (true, "Tem problema misturar varfarina com álcool?", pair("varfarina", "álcool")),
        (true, "Quais as interações entre sinvastatina e claritromicina?", pair("sinvastatina", "claritromicina")),
        (true, "A varfarina interage com ibuprofeno 600 mg?", pair("varfarina", "ibuprofeno")),
        (true, "varfarina + ibuprofeno", pair("varfarina", "ibuprofeno")),
        (false, "Can I take warfarin with ibuprofen?", pair("warfarin", "ibuprofen")),
        (false, "Is it safe to combine warfarin and aspirin?", pair("warfarin", "aspirin")),
        (true, "Tem dipirona em estoque?", stock("dipirona")),
        (true, "Tem dipirona?", stock("dipirona")),
        (true, "Vocês têm Dorflex?", stock("Dorflex")),
        (true, "Quantas caixas de amoxicilina temos?", stock("amoxicilina")),
        (true, "Como está o estoque de losartana 50mg?", stock("losartana")),
        (false, "Do we have ibuprofen in stock?", stock("ibuprofen")),
        (false, "How many boxes of ibuprofen do we have?", stock("ibuprofen")),
        (true, "Clonazepam precisa de receita?", rules("Clonazepam")),
        (true, "Qual a receita para Rivotril?", rules("Rivotril")),
        (false, "Which prescription does clonazepam need?", rules("clonazepam")),
        (true, "Registre a venda de 2 Dorflex", ("sell", json!({"product": "Dorflex", "quantity": 2}))),
    ] {
        let calls = choose::calls(message, &choose::tools(&json!({ "tools": counter(pt) })));
        assert_eq!(calls, [(expected.0.to_owned(), expected.1)], "{message}");
    }
    for message in
        ["Olá! Em que você pode me ajudar?", "Obrigado!", "Qual é o seu nome?", "Hello! What can you help me with?"]
    {
        let calls = choose::calls(message, &choose::tools(&json!({ "tools": counter(true) })));
        assert!(calls.is_empty(), "{message}: {calls:?}");
    }
}

fn called(message: &str) -> Vec<(String, Value)> {
    choose::calls(message, &choose::tools(&json!({ "tools": garden() })))
}

fn one(message: &str) -> (String, Value) {
    let calls = called(message);
    assert_eq!(calls.len(), 1, "{message}: {calls:?}");
    calls.into_iter().next().unwrap()
}

#[test]
fn two_things_named_together_go_to_the_tool_that_takes_several() {
    for message in [
        "Posso plantar tomate com manjericão?",
        "Tomate e manjericão juntos?",
        "tomate + manjericão",
        "O tomate convive com manjericão?",
        "Can I use tomate with manjericão?",
        "Qual o risco entre tomate e manjericão?",
    ] {
        let expected = json!({"plants": ["tomate", "manjericão"]});
        let (name, arguments) = one(message);
        assert_eq!(name, "check_neighbours", "{message}");
        let folded = words::fold(&arguments.to_string());
        assert_eq!(folded, words::fold(&expected.to_string()), "{message}");
    }
    let three = ("check_neighbours".to_owned(), json!({"plants": ["alho", "couve-flor", "feijão preto"]}));
    assert_eq!(one("alho, couve-flor e feijão preto"), three);
}

#[test]
fn a_question_of_stock_goes_to_the_search() {
    for message in
        ["Tem rúcula em estoque?", "Quantas caixas de rúcula temos no estoque?", "Tem semente de rúcula 500 g?"]
    {
        assert_eq!(one(message), ("find_seeds".to_owned(), json!({"query": "rúcula"})), "{message}");
    }
}

#[test]
fn several_questions_give_several_calls() {
    let calls = called("Tem rúcula e agrião no estoque? E posso plantar alho com cebola?");
    assert_eq!(
        calls,
        [
            ("find_seeds".to_owned(), json!({"query": "rúcula"})),
            ("find_seeds".to_owned(), json!({"query": "agrião"})),
            ("check_neighbours".to_owned(), json!({"plants": ["alho", "cebola"]})),
        ]
    );
}

#[test]
fn a_tool_is_only_called_with_all_it_requires() {
    assert_eq!(one("Registre a venda de 3 rúcula").1, json!({"seed": "rúcula", "quantity": 3}));
    assert!(called("Registre a venda").is_empty());
    assert!(called("Olá! Em que você pode me ajudar?").is_empty());
    assert!(called("Hello, how are you?").is_empty());
}

#[tokio::test]
async fn it_speaks_openai_and_says_what_it_is() {
    let model = DemoModel::start().await;
    let http = reqwest_client();
    let url = format!("{}/chat/completions", model.url);
    let ask = |body: Value| {
        let request = http.post(&url).json(&body);
        async move { request.send().await.unwrap() }
    };
    let question = json!({"role": "user", "content": "Tem rúcula em estoque?"});

    let whole: Value =
        ask(json!({"model": "m", "messages": [question], "tools": garden()})).await.json().await.unwrap();
    assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
    let call = &whole["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], "{\"query\":\"rúcula\"}");
    let usage = &whole["usage"];
    assert_eq!(
        usage["total_tokens"].as_u64(),
        Some(usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap())
    );

    let messages = json!([
        question,
        {"role": "assistant", "content": null, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "{\"found\": [{\"name\": \"Rúcula\", \"quantity\": 4}]}"},
    ]);
    let stream = ask(json!({"model": "m", "messages": messages, "tools": garden(), "stream": true, "stream_options": {"include_usage": true}}))
        .await
        .text()
        .await
        .unwrap();
    let events: Vec<Value> = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let said: String = events.iter().filter_map(|e| e["choices"][0]["delta"]["content"].as_str()).collect();
    assert!(said.starts_with("**Modelo de demonstração**"), "{said}");
    assert!(said.contains("`find_seeds`") && said.contains("- quantity: 4"), "{said}");
    assert!(events.last().unwrap()["usage"]["completion_tokens"].as_u64() > Some(0));

    let hello = json!({"role": "user", "content": "Hello, what can you do?"});
    let hello: Value = ask(json!({"messages": [hello], "tools": garden()})).await.json().await.unwrap();
    let said = hello["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(said.starts_with("**Demo model**") && said.contains("- Registra a venda de sementes"), "{said}");

    assert_eq!(ask(json!({"messages": []})).await.status(), 400);
}

fn reqwest_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
