//! The sizes of a model from its `config.json`.

use alloc::string::String;

use inktensor_exact::bert::{Config, TOKEN_TYPES};
use serde::Deserialize;

use crate::ModelError;

/// The fields of `config.json` that decide a BERT's arithmetic. Fields that a file leaves out have
/// the defaults of BERT's own configuration.
#[derive(Deserialize)]
struct File {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "token_types")]
    type_vocab_size: usize,
    model_type: Option<String>,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    layer_norm_eps: Option<f64>,
}

fn token_types() -> usize {
    TOKEN_TYPES
}

/// Returns the sizes that a `config.json` has.
///
/// # Errors
/// `Json` for a file of another form. `Kind` for a model whose arithmetic is not that of
/// [`inktensor_exact::bert`]: it would be computed wrongly, and no other check would show it.
pub fn config_from_json(text: &[u8]) -> Result<Config, ModelError> {
    let file: File = serde_json::from_slice(text).map_err(|_| ModelError::Json)?;
    let is = |found: &Option<String>, demanded: &str| {
        found.as_deref().is_none_or(|found| found == demanded)
    };
    let epsilon = file.layer_norm_eps.unwrap_or(1e-12);
    for (field, demanded, holds) in [
        ("model_type", "bert", is(&file.model_type, "bert")),
        ("hidden_act", "gelu", is(&file.hidden_act, "gelu")),
        (
            "position_embedding_type",
            "absolute",
            is(&file.position_embedding_type, "absolute"),
        ),
        ("layer_norm_eps", "1e-12", epsilon == 1e-12),
        ("type_vocab_size", "2", file.type_vocab_size == TOKEN_TYPES),
    ] {
        if !holds {
            return Err(ModelError::Kind { field, demanded });
        }
    }
    Ok(Config {
        vocabulary: file.vocab_size,
        width: file.hidden_size,
        layers: file.num_hidden_layers,
        heads: file.num_attention_heads,
        inner: file.intermediate_size,
        positions: file.max_position_embeddings,
    })
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    const SIZES: &str = "\"vocab_size\": 30522, \"hidden_size\": 384, \"num_hidden_layers\": 6, \
                         \"num_attention_heads\": 12, \"intermediate_size\": 1536, \
                         \"max_position_embeddings\": 512";

    fn read(more: &str) -> Result<Config, ModelError> {
        config_from_json(format!("{{{SIZES}{more}}}").as_bytes())
    }

    #[test]
    fn sizes_are_read_and_defaults_are_those_of_bert() {
        assert_eq!(read(""), Ok(Config::MINILM));
        let minilm = ", \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-12, \"use_cache\": true, \
                      \"model_type\": \"bert\", \"position_embedding_type\": \"absolute\", \
                      \"type_vocab_size\": 2, \"pad_token_id\": 0";
        assert_eq!(read(minilm), Ok(Config::MINILM));
    }

    #[test]
    fn models_of_another_arithmetic_are_refused() {
        for (more, field) in [
            ("\"model_type\": \"roberta\"", "model_type"),
            ("\"hidden_act\": \"gelu_new\"", "hidden_act"),
            (
                "\"position_embedding_type\": \"relative_key\"",
                "position_embedding_type",
            ),
            ("\"layer_norm_eps\": 1e-5", "layer_norm_eps"),
            ("\"type_vocab_size\": 1", "type_vocab_size"),
        ] {
            let refusal = read(&format!(", {more}")).unwrap_err();
            assert!(refusal.to_string().contains(field), "{refusal}");
        }
        for other in ["", "{}", "[1]", "{\"vocab_size\": -1}"] {
            assert_eq!(
                config_from_json(other.as_bytes()),
                Err(ModelError::Json),
                "{other}"
            );
        }
    }
}
