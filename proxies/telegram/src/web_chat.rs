//! The dashboard's chat as a Telegram chat: the same methods, kept in the platform's storage.

use openclaw_platform::relay::{
    Bot,
    chat::{self, Author, ChatMessage, Edit, PERSON},
};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, ApiError},
    formatting::{self, Formatted, units},
    params::Params,
    server::App,
};

/// Longest text of a rich message: Telegram's (<https://core.telegram.org/bots/api#sendrichmessage>).
const LONGEST_RICH: usize = 32_768;

/// What `sendChatAction` takes.
const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

pub(crate) async fn send(app: &App, bot: &Bot, params: &Params, key: Option<&str>) -> Answer {
    let Formatted { text, entities } = text(params)?;
    let answer = |message: &ChatMessage| shown(bot, message);
    let sent = chat::agent_says(&app.db, bot.agent, &text, &entities, key, answer).await?;
    metrics::counter!("relay_sends_total", "to" => "web").increment(1);
    Ok(sent)
}

pub(crate) async fn edit(app: &App, bot: &Bot, params: &Params) -> Answer {
    let Formatted { text, entities } = text(params)?;
    match chat::agent_edits(&app.db, bot.agent, message_id(params)?, &text, &entities).await? {
        Edit::Done(message) => Ok(shown(bot, &message)),
        Edit::Same => Err(ApiError::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        )),
        Edit::Missing => Err(ApiError::bad("message to edit not found")),
        Edit::NotYours => Err(ApiError::bad("message can't be edited")),
    }
}

pub(crate) async fn delete(app: &App, bot: &Bot, params: &Params) -> Answer {
    if chat::delete(&app.db, bot.agent, message_id(params)?).await? {
        Ok(json!(true))
    } else {
        Err(ApiError::bad("message to delete not found"))
    }
}

pub(crate) async fn action(app: &App, bot: &Bot, params: &Params) -> Answer {
    if !params.text("action").is_some_and(|action| ACTIONS.contains(&action)) {
        return Err(ApiError::bad("wrong parameter action in request"));
    }
    chat::typing(&app.db, bot.agent).await?;
    Ok(json!(true))
}

/// The answer to `getChat`.
pub(crate) fn chat(bot: &Bot) -> Value {
    json!({
        "id": bot.web_chat(),
        "type": "private",
        "first_name": PERSON,
        "accent_color_id": 0,
        "max_reaction_count": 0,
        "accepted_gift_types": {
            "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        },
    })
}

/// The answer to `getChatMember`.
pub(crate) fn member(bot: &Bot, params: &Params) -> Answer {
    match params.integer("user_id") {
        Some(id) if id == bot.web_chat() => Ok(json!({
            "user": { "id": id, "is_bot": false, "first_name": PERSON, "language_code": bot.locale },
            "status": "member",
        })),
        Some(id) if id == bot.number => Ok(json!({ "user": bot_user(bot), "status": "member" })),
        _ => Err(ApiError::bad("member not found")),
    }
}

/// The stand-in bot as a user.
pub(crate) fn bot_user(bot: &Bot) -> Value {
    let name = format!("agent_{}_bot", bot.number);
    json!({
        "id": bot.number,
        "is_bot": true,
        "first_name": format!("Agent {}", bot.number),
        "username": bot.username.as_ref().unwrap_or(&name),
    })
}

/// A message as the agent that wrote it sees it.
fn shown(bot: &Bot, message: &ChatMessage) -> Value {
    debug_assert_eq!(message.author, Author::Agent);
    let mut shown = json!({
        "message_id": message.message_id,
        "from": bot_user(bot),
        "chat": { "id": bot.web_chat(), "type": "private", "first_name": PERSON },
        "date": message.sent_at.unix_timestamp(),
        "text": message.body,
    });
    if message.entities.as_array().is_some_and(|entities| !entities.is_empty()) {
        shown["entities"] = message.entities.clone();
    }
    if let Some(at) = message.edited_at {
        shown["edit_date"] = at.unix_timestamp().into();
    }
    shown
}

fn message_id(params: &Params) -> Result<i64, ApiError> {
    params.integer("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))
}

/// The text of a message, within Telegram's limits.
fn text(params: &Params) -> Result<Formatted, ApiError> {
    let rich = params.json("rich_message");
    let (formatted, longest) = match &rich {
        Some(rich) => (rich_text(rich), LONGEST_RICH),
        None => {
            let text = params.text("text").unwrap_or_default();
            (formatting::format(text, params.text("parse_mode"), params.json("entities")), chat::LONGEST)
        }
    };
    match units(&formatted.text) {
        0 => Err(ApiError::bad("message text is empty")),
        n if n > longest => Err(ApiError::bad("message is too long")),
        _ => Ok(formatted),
    }
}

/// A rich message as text: its Markdown as it stands, its HTML formatted, its blocks' texts line by line.
fn rich_text(rich: &Value) -> Formatted {
    if let Some(markdown) = rich["markdown"].as_str() {
        return formatting::format(markdown, None, None);
    }
    if let Some(html) = rich["html"].as_str() {
        return formatting::format(html, Some("HTML"), None);
    }
    fn inline(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => out.push_str(text),
            Value::Array(items) => items.iter().for_each(|item| inline(item, out)),
            Value::Object(fields) => fields.get("text").into_iter().for_each(|text| inline(text, out)),
            _ => {}
        }
    }
    fn block(value: &Value, out: &mut String) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| block(item, out)),
            Value::Object(fields) => {
                if let Some(text) = fields.get("text") {
                    inline(text, out);
                    out.push('\n');
                }
                for (_, inner) in fields.iter().filter(|(name, _)| *name != "text") {
                    block(inner, out);
                }
            }
            _ => {}
        }
    }
    let mut lines = String::new();
    block(&rich["blocks"], &mut lines);
    formatting::format(&lines, None, None)
}
