//! The marketplace entry.

use openclaw_niche::prelude::*;

/// The entry. Results in the conversations are what the tools answer, shortened.
pub(crate) const CARD: Card = Card {
    id: "pharmacy",
    version: env!("CARGO_PKG_VERSION"),
    name: text("Farmácia", "Pharmacy"),
    tagline: text(
        "Responde no balcão: interações com fonte, estoque por lote e validade, receita de controlados.",
        "Answers at the counter: interactions with their source, stock by lot and expiry, prescription rules.",
    ),
    icon: "💊",
    accent: "#0f8f7e",
    status: Status::Active,
    highlights: &[
        text(
            "Confere interações em listas públicas e mostra a fonte",
            "Checks interactions against public lists and shows the source",
        ),
        text("Cuida do estoque: vende primeiro o que vence primeiro", "Keeps stock: sells first what expires first"),
        text(
            "Diz que receita um controlado exige, e por quanto tempo vale",
            "Says which prescription a controlled medicine needs",
        ),
    ],
    limits: &[
        text("Nunca diagnostica, prescreve nem indica dose", "Never diagnoses, prescribes or gives a dose"),
        text("Não substitui o farmacêutico: encaminha a ele", "Does not replace the pharmacist: it sends people there"),
        text("As listas são públicas e não são completas", "The lists are public and not complete"),
        text("Ainda não lê o seu sistema de gestão", "Does not read your management system yet"),
    ],
    suggestions: &[
        text("Posso tomar varfarina com ibuprofeno?", "Can I take warfarin with ibuprofen?"),
        text("Tem Dorflex no estoque?", "Do we have Dorflex in stock?"),
        text("Que receita o Rivotril exige?", "Which prescription does Rivotril need?"),
    ],
    examples: &[INTERACTION, STOCK, CONTROLLED],
    changes: text(
        "Primeira versão: interações, estoque por lote e medicamentos controlados.",
        "First release: interactions, stock by lot, controlled medicines.",
    ),
};

const INTERACTION: Example = Example {
    title: text("Dois remédios juntos", "Two medicines together"),
    turns: &[
        Turn::Person(text(
            "Oi! Meu pai toma Marevan. Ele pode tomar ibuprofeno para a dor nas costas?",
            "Hi! My father takes Marevan. Can he take ibuprofen for his back pain?",
        )),
        Turn::Tool {
            name: "check_interactions",
            result: text(
                "Grave (evitar): varfarina (Marevan) + ibuprofeno. Sangramento, principalmente do estômago e do intestino. Evitar; encaminhar ao farmacêutico ou prescritor.",
                "Major (avoid): warfarin (Marevan) + ibuprofen. Bleeding, mainly of stomach and bowel. Avoid; refer to pharmacist or prescriber.",
            ),
            source: text("ANSM 2016; CredibleMeds 2017", "ANSM 2016; CredibleMeds 2017"),
        },
        Turn::Agent(text(
            "É melhor não combinar. O Marevan (varfarina) com ibuprofeno aumenta o risco de sangramento, principalmente no estômago e no intestino: as listas classificam como grave, a evitar. Fale com o nosso farmacêutico antes de dar qualquer coisa para a dor; ele ou o médico escolhem uma alternativa. Se aparecer sangramento, fezes pretas ou tontura forte, ligue 192.",
            "Better not to combine them. Marevan (warfarin) with ibuprofen raises the risk of bleeding, mainly in stomach and bowel: the lists grade it as major, to be avoided. Talk to our pharmacist before giving him anything for the pain; the pharmacist or the doctor will choose an alternative. If there is bleeding, black stools or strong dizziness, call 192.",
        )),
    ],
};

const STOCK: Example = Example {
    title: text("O que vence primeiro sai primeiro", "First to expire, first to go"),
    turns: &[
        Turn::Person(text("Tem Dorflex no estoque?", "Do we have Dorflex in stock?")),
        Turn::Tool {
            name: "find_stock",
            result: text(
                "Dorflex 36 comprimidos: 34 unidades à venda. Lote A102: 4 un., vence 31/01/2027 (vence em breve). Lote B377: 30 un., vence 30/09/2027.",
                "Dorflex 36 comprimidos: 34 units for sale. Lot A102: 4 units, expires 2027-01-31 (expires soon). Lot B377: 30 units, expires 2027-09-30.",
            ),
            source: text("Estoque da farmácia", "The pharmacy's stock"),
        },
        Turn::Agent(text(
            "Temos 34 caixas de Dorflex. Atenção ao lote A102: são 4 caixas que vencem em 31/01/2027, e ele sai primeiro nas vendas.",
            "We have 34 boxes of Dorflex. Mind lot A102: 4 boxes that expire on 31 January 2027; they go first when you sell.",
        )),
    ],
};

const CONTROLLED: Example = Example {
    title: text("A receita certa", "The right prescription"),
    turns: &[
        Turn::Person(text("Que receita o Rivotril exige?", "Which prescription does Rivotril need?")),
        Turn::Tool {
            name: "controlled_substance",
            result: text(
                "clonazepam: B1 (psicotrópicos). Notificação de Receita B, azul, vale 30 dias em todo o país; a farmácia retém a notificação.",
                "clonazepam: B1 (psychotropics). Notificação de Receita B, blue, valid 30 days in the whole country; the pharmacy keeps it.",
            ),
            source: text(
                "Portaria SVS/MS 344/1998; nomes: Anexo I de 2023",
                "Portaria SVS/MS 344/1998; names: Annex I of 2023",
            ),
        },
        Turn::Agent(text(
            "O Rivotril (clonazepam) está na lista B1: Notificação de Receita B, azul, válida por 30 dias em todo o país, e a notificação fica retida. Usei a lista de 2023; o farmacêutico confere o Anexo I vigente.",
            "Rivotril (clonazepam) is on list B1: Notificação de Receita B, blue, valid for 30 days in the whole country, and the pharmacy keeps it. I used the list of 2023; the pharmacist checks the current Annex I.",
        )),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::{CheckInteractions, ControlledSubstance, FindStock, ReceiveStock, Sell};

    #[test]
    fn every_tool_card_names_a_tool_that_exists() {
        let tools =
            [CheckInteractions::NAME, ControlledSubstance::NAME, FindStock::NAME, ReceiveStock::NAME, Sell::NAME];
        for turn in CARD.examples.iter().flat_map(|example| example.turns) {
            if let Turn::Tool { name, .. } = turn {
                assert!(tools.contains(name), "{name}");
            }
        }
    }
}
