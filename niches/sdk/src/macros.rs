//! [`niche!`](crate::niche): from traits to a component's exports.

/// Makes the crate a niche's component.
///
/// ```text
/// niche!(Pharmacy, tools: [FindStock, Sell], onboarding: QUESTIONS, self_test: Pharmacy);
/// ```
///
/// The first type implements [`Niche`](crate::Niche). `tools` are types that implement [`Tool`](crate::Tool),
/// `onboarding` is a slice of [`Question`](crate::Question)s, `self_test` a type that implements
/// [`SelfTest`](crate::SelfTest). What is left out is not exported. The types must be visible where the macro
/// stands; outside of WebAssembly nothing is exported, so that the crate links into tests.
#[macro_export]
macro_rules! niche {
    (
        $niche:ty
        $(, tools: [$($tool:ty),+ $(,)?])?
        $(, onboarding: $questions:expr)?
        $(, self_test: $cases:ty)?
        $(,)?
    ) => {
        #[doc(hidden)]
        #[allow(unsafe_code, missing_docs, unreachable_pub, dead_code)]
        mod __component {
            use super::*;
            use $crate::bindings::{self as __bindings, types as __wit};

            pub struct Component;

            impl __bindings::core::exports::openclaw::niche::catalog::Guest for Component {
                fn describe(locale: String) -> __wit::Entry {
                    <$niche as $crate::Niche>::CARD.entry($crate::Locale::of(&locale))
                }

                fn wants(locale: String) -> __wit::Wishes {
                    <$niche as $crate::Niche>::wants($crate::Locale::of(&locale))
                }
            }

            impl __bindings::core::exports::openclaw::niche::persona::Guest for Component {
                fn render(
                    profile: Vec<__wit::Answer>,
                    locale: String,
                    connections: Vec<__wit::Connection>,
                ) -> Result<String, __wit::PersonaError> {
                    <$niche as $crate::Niche>::persona(&profile.into(), $crate::Locale::of(&locale), &connections)
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::core::export_core!(Component with_types_in $crate::bindings::core);

            $(
                impl __bindings::tools::exports::openclaw::niche::tools::Guest for Component {
                    fn list_tools(locale: String) -> Vec<__wit::Tool> {
                        let locale = $crate::Locale::of(&locale);
                        vec![$($crate::listing::<$tool>(locale)),+]
                    }

                    fn call(
                        name: String,
                        arguments: String,
                        context: __wit::CallContext,
                    ) -> Result<__wit::Output, __wit::ToolError> {
                        let context = $crate::Context::from(context);
                        $(
                            if name == <$tool as $crate::Tool>::NAME {
                                return $crate::run::<$tool>(&arguments, &context);
                            }
                        )+
                        Err(__wit::ToolError::UnknownTool(name))
                    }
                }

                #[cfg(target_arch = "wasm32")]
                $crate::bindings::tools::export_tools!(Component with_types_in $crate::bindings::tools);
            )?

            $(
                impl __bindings::onboarding::exports::openclaw::niche::onboarding::Guest for Component {
                    fn next(
                        answers: Vec<__wit::Answer>,
                        locale: String,
                    ) -> Result<__wit::Step, __wit::Rejection> {
                        $crate::next_step($questions, &answers.into(), $crate::Locale::of(&locale))
                    }
                }

                #[cfg(target_arch = "wasm32")]
                $crate::bindings::onboarding::export_onboarding!(
                    Component with_types_in $crate::bindings::onboarding
                );
            )?

            $(
                impl __bindings::self_test::exports::openclaw::niche::self_test::Guest for Component {
                    fn cases() -> Vec<String> {
                        <$cases as $crate::SelfTest>::CASES.iter().map(|(name, _)| (*name).to_owned()).collect()
                    }

                    fn run(name: String) -> Result<(), String> {
                        match <$cases as $crate::SelfTest>::CASES.iter().find(|(case, _)| *case == name) {
                            Some((_, run)) => run(),
                            None => Err(format!("there is no case `{name}`")),
                        }
                    }
                }

                #[cfg(target_arch = "wasm32")]
                $crate::bindings::self_test::export_self_test!(
                    Component with_types_in $crate::bindings::self_test
                );
            )?
        }
    };
}
