//! `#[drink::test]` for contracts that are built already.
//!
//! The macro that drink ships builds every contract among a test's dependencies while the test
//! compiles, with the compiler that is at hand. Contracts of ink! 5 need Rust 1.85, so that build
//! fails with a newer one. It also refuses to run in a workspace, and compiles binaryen. This crate
//! replaces it by `[patch.crates-io]`: the same attribute, without the build.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Error, FnArg, ItemFn, Result};

/// Turns a function with one argument, `mut session: Session<MinimalSandbox>`, into a test with a
/// session of its own.
///
/// The type of the argument names the sandbox. The attribute has no arguments.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(&arguments.into(), item.into())
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// Refuses to build contracts. Load their bundles with `drink::session::ContractBundle::load`.
#[proc_macro_attribute]
pub fn contract_bundle_provider(_: TokenStream, item: TokenStream) -> TokenStream {
    let message =
        "contracts are not built here: run `cargo contract build --release` and load the \
                   bundle with `drink::session::ContractBundle::load`";
    Error::new_spanned(Tokens::from(item), message)
        .into_compile_error()
        .into()
}

fn expand(arguments: &Tokens, item: Tokens) -> Result<Tokens> {
    if !arguments.is_empty() {
        let message =
            "`#[drink::test]` has no arguments here: the session's type names the sandbox";
        return Err(Error::new_spanned(arguments, message));
    }
    let test: ItemFn = syn::parse2(item)?;
    let mut inputs = test.sig.inputs.iter();
    let (Some(FnArg::Typed(session)), None) = (inputs.next(), inputs.next()) else {
        let message = "a test takes one argument: `mut session: Session<MinimalSandbox>`";
        return Err(Error::new_spanned(&test.sig, message));
    };
    let (pattern, kind) = (&session.pat, &session.ty);
    let (attributes, name, output, block) =
        (&test.attrs, &test.sig.ident, &test.sig.output, &test.block);
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        fn #name() #output {
            let #pattern: #kind = ::core::default::Default::default();
            #block
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[::core::prelude::v1::test]
    fn expand_gives_the_test_a_session() {
        let test = quote! {
            #[ignore]
            fn holds(mut session: Session<MinimalSandbox>) -> Outcome { session.run() }
        };
        let expanded = expand(&Tokens::new(), test).expect("expands");
        let expected = quote! {
            #[::core::prelude::v1::test]
            #[ignore]
            fn holds() -> Outcome {
                let mut session: Session<MinimalSandbox> = ::core::default::Default::default();
                { session.run() }
            }
        };
        assert_eq!(expanded.to_string(), expected.to_string());
    }

    #[::core::prelude::v1::test]
    fn expand_refuses_other_shapes() {
        let test = quote! { fn holds(session: Session) {} };
        for (arguments, item) in [
            (quote! { sandbox = Other }, test),
            (Tokens::new(), quote! { fn holds() {} }),
            (
                Tokens::new(),
                quote! { fn holds(a: Session, b: Session) {} },
            ),
            (Tokens::new(), quote! { struct Holds; }),
        ] {
            assert!(expand(&arguments, item).is_err());
        }
    }
}
