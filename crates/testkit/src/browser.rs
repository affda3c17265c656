//! A real Chromium with one page, steered from a test by way of `tests/clients/browser.mjs`.
//!
//! Not in here: what a page should do.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Program, clients_directory};

/// A browser with one page and an empty profile. Gone when dropped.
pub struct Browser {
    program: Program,
    // Profile and temporary files; removed after the program that writes them is gone.
    _directory: TempDir,
}

impl Browser {
    /// Starts a browser and opens an address. The page's timers run on with the wall's clock until
    /// [`Browser::forward`] moves them.
    ///
    /// # Panics
    /// When there is no browser, or no page at the address.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its browser")]
    pub async fn open(url: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut browser = Self {
            program: Program::node("browser.mjs", directory.path()),
            _directory: directory,
        };
        browser.ask(json!({ "command": "open", "url": url })).await;
        browser
    }

    /// Runs TypeScript as a module of the page.
    ///
    /// # Panics
    /// When it cannot be translated.
    pub async fn typescript(&mut self, text: &str) {
        self.ask(json!({ "command": "typescript", "text": text })).await;
    }

    /// The value of an expression; a promise is awaited.
    ///
    /// # Panics
    /// When the expression throws.
    pub async fn evaluate(&mut self, expression: &str) -> Value {
        self.ask(json!({ "command": "evaluate", "expression": expression }))
            .await
    }

    /// Waits until an expression holds, and gives its value.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn wait(&mut self, expression: &str) -> Value {
        self.ask(json!({ "command": "wait", "expression": expression }))
            .await
    }

    /// Clicks what a selector finds, and gives the address of the window that this opens.
    ///
    /// # Panics
    /// When none opens.
    pub async fn popup(&mut self, selector: &str) -> String {
        let url = self
            .ask(json!({ "command": "popup", "selector": selector }))
            .await;
        url.as_str().unwrap_or_default().to_owned()
    }

    /// Moves the page's timers ahead; those that have become due run once.
    pub async fn forward(&mut self, milliseconds: u64) {
        self.ask(json!({ "command": "forward", "ms": milliseconds }))
            .await;
    }

    /// Every text frame of every WebSocket of the page so far, as `{"sent": …}` or `{"received": …}`.
    pub async fn frames(&mut self) -> Vec<Value> {
        let frames = self.ask(json!({ "command": "frames" })).await;
        frames.as_array().cloned().unwrap_or_default()
    }

    /// Ends the browser in order.
    ///
    /// # Panics
    /// When a script of the page had thrown an error that nobody caught.
    pub async fn close(mut self) {
        let faults = self.ask(json!({ "command": "faults" })).await;
        assert_eq!(faults, json!([]), "errors in the page");
        self.program.finish().await;
    }

    #[expect(clippy::expect_used, reason = "a browser that does not answer fails the test")]
    async fn ask(&mut self, command: Value) -> Value {
        self.program.say(&command.to_string()).await;
        let line = self.program.line().await;
        let mut answer: Value = serde_json::from_str(&line).expect("an answer in JSON");
        match answer.get("error") {
            Some(error) => panic!("{command}: {error}"),
            None => answer["value"].take(),
        }
    }
}

/// A published sample of `tests/clients/samples`, with host and secrets changed: each pair is a text that it holds and
/// what stands there instead.
///
/// # Panics
/// When there is no such sample, or it does not hold one of the texts.
pub fn sample(name: &str, changed: &[(&str, &str)]) -> String {
    let path = clients_directory().join("samples").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    changed.iter().fold(text, |text, (old, new)| {
        assert!(text.contains(old), "{name} holds no {old}");
        text.replace(old, new)
    })
}
