//! The state of the task: a BERT with its vocabulary.

use alloc::{string::String, vec::Vec};
use core::fmt;

use inktensor_exact::{
    bert::{Bert, BertError, Config},
    wordpiece::{Vocabulary, WordPieceError},
    ExactError,
};
use inktensor_task::{Load, Refused};

use crate::{
    state::{self, STATE_LIMIT},
    Answer,
};

/// The most tokens of a text, `[CLS]` and `[SEP]` among them.
pub const TOKENS_LIMIT: usize = 128;
/// The least number of whole words that questions need in a vocabulary.
pub const WORDS_LEAST: usize = 256;
/// The least letters of a token that questions use as a word.
const LETTERS_LEAST: usize = 3;

/// A BERT with its vocabulary.
#[derive(Clone, Debug)]
pub struct Model {
    vocabulary: Vocabulary,
    bert: Bert,
    /// Tokens that are whole words of lower-case ASCII letters, by number.
    words: Vec<String>,
}

impl Model {
    /// Reads a state as [`crate::pack`] writes it.
    ///
    /// # Errors
    /// The first fault of its layout, vocabulary, sizes or tensors.
    pub fn read(state: &[u8]) -> Result<Self, ModelError> {
        let parts = state::unpack(state)?;
        Self::assemble(parts)
    }

    pub(crate) fn assemble(parts: state::Parts<'_>) -> Result<Self, ModelError> {
        let vocabulary = Vocabulary::parse(parts.vocabulary)?;
        if parts.sizes.positions < TOKENS_LIMIT {
            return Err(ModelError::Positions {
                found: parts.sizes.positions,
            });
        }
        let is_word = |token: &&str| {
            token.len() >= LETTERS_LEAST && token.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        let words: Vec<_> = vocabulary
            .tokens()
            .filter(is_word)
            .map(String::from)
            .collect();
        if words.len() < WORDS_LEAST {
            return Err(ModelError::Words { found: words.len() });
        }
        let config = Config {
            vocabulary: vocabulary.len(),
            ..parts.sizes
        };
        let bert = Bert::load(config, &parts.tensors)?;
        Ok(Self {
            vocabulary,
            bert,
            words,
        })
    }

    /// Returns the sizes of the BERT.
    pub fn config(&self) -> Config {
        self.bert.config()
    }

    /// Returns the tokens of `text`.
    ///
    /// # Errors
    /// A text of too many bytes or tokens. The error has their number, for the caller to split the
    /// text.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, WordPieceError> {
        self.vocabulary.encode(text, TOKENS_LIMIT)
    }

    /// Returns the vector of `text`, of length one.
    ///
    /// # Errors
    /// A text of too many bytes or tokens, or weights that lead out of the range of `f32`.
    pub fn vector(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        Ok(self.bert.embed(&self.tokens(text)?)?)
    }

    /// Returns the answer for `text`: its vector in thousandths.
    ///
    /// # Errors
    /// Those of [`Self::vector`].
    pub fn answer(&self, text: &str) -> Result<Answer, EmbedError> {
        Ok(Answer::rounded(&self.vector(text)?))
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }
}

impl Load for Model {
    const MAX_BYTES: usize = STATE_LIMIT;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        let refused = "the state is not a model of embed/1; make it with `inktensor model pack`";
        Self::read(blob).map_err(|_| Refused(refused))
    }
}

/// A reason for which a text has no vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbedError {
    /// The text is too long.
    Text(WordPieceError),
    /// The weights lead out of the range of `f32`.
    Weights(ExactError),
}

impl fmt::Display for EmbedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => write!(f, "{error}"),
            Self::Weights(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for EmbedError {}

impl From<WordPieceError> for EmbedError {
    fn from(error: WordPieceError) -> Self {
        Self::Text(error)
    }
}

impl From<ExactError> for EmbedError {
    fn from(error: ExactError) -> Self {
        Self::Weights(error)
    }
}

impl From<EmbedError> for Refused {
    fn from(error: EmbedError) -> Self {
        Self(match error {
            EmbedError::Text(_) => "the text is over 128 tokens or 8192 bytes; split it",
            EmbedError::Weights(_) => "the model's weights lead out of the range of f32",
        })
    }
}

/// A reason for which bytes are not a state of the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// The state has more bytes than [`STATE_LIMIT`].
    TooLong {
        /// Bytes of the state.
        bytes: usize,
    },
    /// The state does not begin as one of `embed/1` does, or ends within its head.
    Head,
    /// The vocabulary is longer than the rest of the state, or not UTF-8.
    VocabularyText,
    /// Fewer positions than a text may have tokens.
    Positions {
        /// Positions of the model.
        found: usize,
    },
    /// Fewer whole words than questions need.
    Words {
        /// Whole words of the vocabulary.
        found: usize,
    },
    /// The configuration is not JSON with the sizes of a BERT.
    Json,
    /// The configuration demands arithmetic that is not this crate's.
    Kind {
        /// Field of the configuration.
        field: &'static str,
        /// The one value that is accepted.
        demanded: &'static str,
    },
    /// The configuration has another count of tokens than the vocabulary.
    VocabularySize {
        /// Count of the configuration.
        config: usize,
        /// Lines of the vocabulary.
        vocabulary: usize,
    },
    /// A fault of the vocabulary.
    Vocabulary(WordPieceError),
    /// A fault of the sizes or the tensors.
    Bert(BertError),
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(
                f,
                "the state of {bytes} bytes is over the limit of {STATE_LIMIT}; use a smaller model"
            ),
            Self::Head => write!(
                f,
                "the file is not a state of embed/1; make it from a model"
            ),
            Self::VocabularyText => write!(
                f,
                "the vocabulary of the state is cut or not UTF-8; make the state again"
            ),
            Self::Positions { found } => write!(
                f,
                "the model has {found} positions, a text may have {TOKENS_LIMIT} tokens; use a \
                 model with more"
            ),
            Self::Words { found } => write!(
                f,
                "the vocabulary has {found} words of {LETTERS_LEAST} or more letters from a to z; \
                 questions need {WORDS_LEAST}"
            ),
            Self::Json => write!(
                f,
                "the configuration is not the config.json of a BERT: it lacks one of vocab_size, \
                 hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, \
                 max_position_embeddings"
            ),
            Self::Kind { field, demanded } => write!(
                f,
                "the configuration's {field} is not {demanded}; use a model of the kind of \
                 all-MiniLM-L6-v2"
            ),
            Self::VocabularySize { config, vocabulary } => write!(
                f,
                "the configuration has {config} tokens, the vocabulary has {vocabulary}; use the \
                 files of one model"
            ),
            Self::Vocabulary(error) => write!(f, "{error}"),
            Self::Bert(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for ModelError {}

impl From<WordPieceError> for ModelError {
    fn from(error: WordPieceError) -> Self {
        Self::Vocabulary(error)
    }
}

impl From<BertError> for ModelError {
    fn from(error: BertError) -> Self {
        Self::Bert(error)
    }
}
