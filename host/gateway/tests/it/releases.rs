//! The niche gets another release while people talk to it.

use std::sync::atomic::Ordering;

use openclaw_testkit::llm::Reply;
use serde_json::{Value, json};

use crate::world::{World, until};

/// The tools of the two releases.
const FIRST: [&str; 3] = ["look_up", "order", "meet"];
const SECOND: [&str; 3] = ["look_up", "order", "count"];

/// The tools that the LLM was offered with each question.
fn offered(world: &World) -> Vec<Vec<String>> {
    let names = |body: &Value| {
        let tools = body["tools"].as_array().unwrap().iter();
        tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
    };
    world.llm.requests().iter().map(|request| names(&request.body)).collect()
}

/// A gateway in the middle of an answer: it orders something, and the niche's second release comes meanwhile.
async fn world_that_changes_in_the_middle() -> World {
    let world = World::start().await;
    world.platform.stuck.send_replace(true);
    world.llm.push(Reply::tool_calls([("order", json!({}))]));
    world
}

async fn changes(world: &World) {
    until("the tool to be called", || world.platform.calls.lock().unwrap().len() == 1).await;
    world.platform.release.store(2, Ordering::SeqCst);
}

#[tokio::test]
async fn an_answer_ends_with_the_tools_it_began_with_and_the_next_has_the_new_ones() {
    let world = world_that_changes_in_the_middle().await;
    world.llm.push(Reply::tool_calls([("look_up", json!({"query": "x"}))]));
    world.llm.push(Reply::text("Feito."));
    world.llm.push(Reply::tool_calls([("count", json!({}))]));
    world.llm.push(Reply::text("Três."));
    let _gateway = world.gateway();
    world.says("Peça um");
    changes(&world).await;
    world.platform.stuck.send_replace(false);
    world.sent(1).await;
    world.says("Quantos?");
    assert_eq!(world.sent(2).await[1].text, "Três.");

    assert_eq!(offered(&world), [FIRST, FIRST, FIRST, SECOND, SECOND]);
    assert_eq!(*world.platform.served_by.lock().unwrap(), [1, 1, 2]);
}

#[tokio::test]
async fn an_answer_that_a_restart_cuts_in_two_ends_with_the_tools_it_began_with() {
    let world = world_that_changes_in_the_middle().await;
    let gateway = world.gateway();
    world.says("Peça um");
    changes(&world).await;
    gateway.kill().await;
    world.platform.stuck.send_replace(false);
    world.llm.push(Reply::tool_calls([("look_up", json!({"query": "x"}))]));
    world.llm.push(Reply::text("Não sei se o pedido foi feito."));
    let _gateway = world.gateway();
    world.sent(1).await;
    assert_eq!(offered(&world), [FIRST; 3]);
    assert_eq!(*world.platform.served_by.lock().unwrap(), [1, 1]);
}

#[tokio::test]
async fn an_answer_goes_on_with_the_new_tools_when_its_own_are_gone() {
    let world = world_that_changes_in_the_middle().await;
    world.llm.push(Reply::tool_calls([("meet", json!({}))]));
    world.llm.push(Reply::text("Feito."));
    let _gateway = world.gateway();
    world.says("Peça um");
    changes(&world).await;
    world.platform.first_is_gone.store(true, Ordering::SeqCst);
    world.platform.stuck.send_replace(false);
    world.sent(1).await;
    assert_eq!(offered(&world), [FIRST, FIRST, SECOND]);
}
