//! Tables that become lists of facts on a phone.

use super::prelude::*;

/// A table; each row gives its cells in the order of `heads`.
pub(crate) fn data_table(caption: String, heads: Vec<String>, rows: Vec<Vec<View>>) -> View {
    let body: Vec<View> = rows
        .into_iter()
        .map(|cells| {
            let cells: Vec<View> = cells
                .into_iter()
                .zip(&heads)
                .map(|(cell, head)| td().attr("data-label", head.clone()).children(div().children(cell)).into())
                .collect();
            tr().children(cells).into()
        })
        .collect();
    let head: Vec<View> = heads.iter().map(|head| th().attr("scope", "col").children(head.clone()).into()).collect();
    div()
        .class("table-box")
        .children(table().class("data").children((
            html_caption(caption),
            thead().children(tr().children(head)),
            tbody().children(body),
        )))
        .into()
}

fn html_caption(text: String) -> View {
    caption().class("visually-hidden").children(text).into()
}
