//! How a gateway writes into the dashboard's chat, and that clients understand the answers.

use openclaw_platform::relay::{self, Author};
use serde_json::json;
use teloxide::{
    Bot,
    payloads::{GetUpdatesSetters as _, SendMessageSetters as _},
    requests::Requester as _,
    types::{BotCommand, ChatAction, ChatId, MessageId, ParseMode, UpdateKind, UserId},
};

use crate::world::World;

#[tokio::test]
async fn teloxide_understands_every_answer() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let bot = Bot::new(&agent.token).set_api_url(relay.url.parse().unwrap());
    let chat = ChatId(agent.web_chat());

    let me = bot.get_me().await.unwrap();
    assert_eq!(
        (me.id, me.username()),
        (UserId(agent.number.unsigned_abs()), format!("agent_{}_bot", agent.number).as_str())
    );
    bot.delete_webhook().await.unwrap();
    assert!(bot.get_webhook_info().await.unwrap().url.is_none());
    bot.set_my_commands([BotCommand::new("help", "Ajuda")]).await.unwrap();
    assert_eq!(bot.get_my_commands().await.unwrap(), [BotCommand::new("help", "Ajuda")]);
    bot.delete_my_commands().await.unwrap();
    assert!(bot.get_my_commands().await.unwrap().is_empty());

    relay::post_chat(&world.db.pool, agent.id, "olá 💊").await.unwrap();
    let updates = bot.get_updates().timeout(10).await.unwrap();
    let UpdateKind::Message(message) = &updates[0].kind else { panic!("{:?}", updates[0]) };
    assert_eq!((message.chat.id, message.text()), (chat, Some("olá 💊")));
    assert_eq!(message.from.as_ref().unwrap().id, UserId(agent.web_chat().unsigned_abs()));

    bot.send_chat_action(chat, ChatAction::Typing).await.unwrap();
    let sent = bot.send_message(chat, "<b>Oi</b> &lt;3").parse_mode(ParseMode::Html).await.unwrap();
    assert_eq!((sent.text(), sent.entities().unwrap().len()), (Some("Oi <3"), 1));
    let edited = bot.edit_message_text(chat, sent.id, "Olá").await.unwrap();
    assert_eq!((edited.id, edited.text()), (sent.id, Some("Olá")));
    let same = bot.edit_message_text(chat, sent.id, "Olá").await.unwrap_err();
    assert!(matches!(same, teloxide::RequestError::Api(teloxide::ApiError::MessageNotModified)), "{same:?}");
    let full = bot.get_chat(chat).await.unwrap();
    assert_eq!(full.id, chat);
    let member = bot.get_chat_member(chat, UserId(agent.web_chat().unsigned_abs())).await.unwrap();
    assert!(member.is_present());
    bot.delete_message(chat, MessageId(sent.id.0)).await.unwrap();
    assert_eq!(relay::chat_recent(&world.db.pool, agent.id, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_send_with_a_key_happens_once() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let body = |key: &str| json!({ "chat_id": agent.web_chat(), "text": "Sim.", "openclaw_key": key });
    let first = relay.ok(&agent.token, "sendMessage", body("a")).await;
    let again = relay.ok(&agent.token, "sendMessage", body("a")).await;
    assert_eq!(first, again);
    let at_once = tokio::join!(
        relay.ok(&agent.token, "sendMessage", body("b")),
        relay.ok(&agent.token, "sendMessage", body("b")),
        relay.ok(&agent.token, "sendMessage", body("b")),
    );
    assert!(at_once.0 == at_once.1 && at_once.1 == at_once.2);
    relay.stop().await;
    let relay = world.relay().await;
    assert_eq!(relay.ok(&agent.token, "sendMessage", body("a")).await, first, "also by the next relay");

    let shown = relay::chat_recent(&world.db.pool, agent.id, 10).await.unwrap();
    assert_eq!(
        shown.iter().map(|m| (m.message_id, m.author)).collect::<Vec<_>>(),
        [(1, Author::Agent), (2, Author::Agent)]
    );
    let other = world.agent(None, &[]).await;
    let body = json!({ "chat_id": other.web_chat(), "text": "Sim.", "openclaw_key": "a" });
    assert_eq!(relay.ok(&other.token, "sendMessage", body).await["message_id"], 1, "keys are an agent's own");
}

#[tokio::test]
async fn texts_are_checked_as_telegram_does() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let send = async |text: &str| {
        relay.refused(&agent.token, "sendMessage", json!({ "chat_id": agent.web_chat(), "text": text })).await
    };
    assert_eq!(send("  ").await, (400, "Bad Request: message text is empty".into()));
    assert_eq!(send(&"💊".repeat(2049)).await, (400, "Bad Request: message is too long".into()));
    let long = json!({ "chat_id": agent.web_chat(), "text": "💊".repeat(2048) });
    relay.ok(&agent.token, "sendMessage", long).await;
    let edit = async |id: i64, text: &str| {
        let body = json!({ "chat_id": agent.web_chat(), "message_id": id, "text": text });
        relay.refused(&agent.token, "editMessageText", body).await.1
    };
    assert_eq!(edit(9, "x").await, "Bad Request: message to edit not found");
    relay::post_chat(&world.db.pool, agent.id, "minha").await.unwrap();
    assert_eq!(edit(2, "sua").await, "Bad Request: message can't be edited");
    assert_eq!(edit(1, "").await, "Bad Request: message text is empty");
    let rich = json!({ "chat_id": agent.web_chat(), "rich_message": { "markdown": "# Título" } });
    assert_eq!(relay.ok(&agent.token, "sendRichMessage", rich).await["text"], "# Título");
    let blocks = json!([{ "type": "paragraph", "text": ["a ", { "type": "bold", "text": "b" }] },
                        { "type": "list", "items": [{ "blocks": [{ "type": "paragraph", "text": "c" }] }] }]);
    let rich = json!({ "chat_id": agent.web_chat(), "rich_message": { "blocks": blocks } });
    assert_eq!(relay.ok(&agent.token, "sendRichMessage", rich).await["text"], "a b\nc");
}

#[tokio::test]
async fn an_agent_writes_to_its_own_chat_alone() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[77]).await, world.relay().await);
    let other = world.agent(None, &[]).await;
    for chat in [json!(other.web_chat()), json!(77), json!(-5), json!("@channel"), json!(i64::MAX)] {
        for method in ["sendMessage", "editMessageText", "deleteMessage", "sendChatAction", "getChat", "getChatMember"]
        {
            let body = json!({ "chat_id": chat, "text": "x", "message_id": 1, "action": "typing", "user_id": 1 });
            let answer = relay.refused(&agent.token, method, body).await;
            assert_eq!(answer, (400, "Bad Request: chat not found".into()), "{method} {chat}");
        }
    }
    let answer = relay.refused(&agent.token, "sendMessage", json!({ "text": "x" })).await;
    assert_eq!(answer, (400, "Bad Request: chat_id is empty".into()));
    assert!(relay::chat_recent(&world.db.pool, other.id, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn calls_are_taken_from_query_form_and_json_and_the_unknown_is_not_found() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let chat = agent.web_chat().to_string();
    let url = format!("{}/bot{}/SENDMESSAGE", relay.url, agent.token);
    let pairs = [("chat_id", chat.as_str()), ("text", "olá")];
    let by_query = relay.http.get(&url).query(&pairs).send().await.unwrap();
    let by_form = relay.http.post(&url).form(&pairs).send().await.unwrap();
    assert_eq!((by_query.status(), by_form.status()), (reqwest::StatusCode::OK, reqwest::StatusCode::OK));
    assert_eq!(relay::chat_recent(&world.db.pool, agent.id, 10).await.unwrap().len(), 2);

    for method in ["logOut", "close", "sendInvoice"] {
        assert_eq!(relay.refused(&agent.token, method, json!({})).await, (404, "Not Found".into()));
    }
    assert_eq!(relay.refused(&agent.token, "getFile", json!({ "file_id": "x" })).await.0, 400);
    let hook = json!({ "url": "https://elsewhere.example" });
    assert_eq!(relay.refused(&agent.token, "setWebhook", hook).await.0, 400);
    let elsewhere = relay.http.get(format!("{}/elsewhere", relay.url)).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
    let health: serde_json::Value =
        relay.http.get(format!("{}/healthz", relay.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(health, json!({ "role": "telegram-relay" }));
}

#[tokio::test]
async fn the_dashboard_is_told_of_messages_and_of_typing() {
    let world = World::new().await;
    let (agent, relay) = (world.agent(None, &[]).await, world.relay().await);
    let mut listener = sqlx::postgres::PgListener::connect(&world.db.url).await.unwrap();
    listener.listen_all(["chat", "typing"]).await.unwrap();
    let action = |action: &str| json!({ "chat_id": agent.web_chat(), "action": action });
    assert_eq!(relay.refused(&agent.token, "sendChatAction", action("dancing")).await.0, 400);
    relay.ok(&agent.token, "sendChatAction", action("typing")).await;
    relay.ok(&agent.token, "sendMessage", json!({ "chat_id": agent.web_chat(), "text": "Oi" })).await;
    for channel in ["typing", "chat"] {
        let told = listener.recv().await.unwrap();
        assert_eq!((told.channel(), told.payload()), (channel, agent.id.to_string().as_str()));
    }
}
