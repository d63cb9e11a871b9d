//! The one page, as HTML without anything from elsewhere.

use std::fmt;

use crate::VERSION;
use crate::store::Note;

const STYLE: &str = "\
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent); --accent: #2f6fdd; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 0 auto; padding: 3rem 1.25rem; }
header { display: flex; align-items: baseline; gap: .75rem; flex-wrap: wrap; }
h1 { font-size: 1.75rem; margin: 0; flex: 1; text-wrap: balance; }
small, time, footer { color: color-mix(in srgb, currentColor 60%, transparent); font-size: .85rem; }
form.write { display: flex; gap: .5rem; margin: 1.5rem 0; }
textarea { flex: 1; font: inherit; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; resize: vertical; }
button { font: inherit; padding: .5rem 1rem; border: 0; border-radius: .5rem; background: var(--accent); color: #fff; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: .75rem 0; border-top: 1px solid var(--line); }
li p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.none { padding: 2rem 0; text-align: center; border-top: 1px solid var(--line); }
";

/// Keeps the number of notes current.
const SCRIPT: &str = "\
const count = document.getElementById('count');
(function watch() {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/api/live');
  socket.onmessage = (message) => { count.textContent = message.data; };
  socket.onclose = () => setTimeout(watch, 1000);
})();
";

/// What the page shows.
pub struct Page<'p> {
    /// Its heading.
    pub greeting: &'p str,
    /// The latest notes.
    pub notes: &'p [Note],
    /// How many there are in all.
    pub count: u64,
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = Escaped(self.greeting);
        let count = self.count;
        write!(
            f,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{heading}</title>\n<style>\n{STYLE}</style>\n\
             <header>\n<h1>{heading}</h1>\n<small><span id=\"count\">{count}</span> notes</small>\n</header>\n\
             <form class=\"write\" method=\"post\" action=\"/\">\n\
             <textarea name=\"body\" rows=\"2\" required aria-label=\"A new note\" placeholder=\"A new note\"></textarea>\n\
             <button>Add</button>\n</form>\n"
        )?;
        if self.notes.is_empty() {
            f.write_str("<p class=\"none\">No notes yet.</p>\n")?;
        } else {
            f.write_str("<ul>\n")?;
            for note in self.notes {
                let body = Escaped(&note.body);
                let time = Escaped(&note.created_at);
                writeln!(f, "<li><p>{body}</p><time>{time}</time></li>")?;
            }
            f.write_str("</ul>\n")?;
        }
        write!(
            f,
            "<footer>notes, version {VERSION}</footer>\n<script>\n{SCRIPT}</script>\n</html>\n"
        )
    }
}

/// Text between tags.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                letter => fmt::Write::write_char(f, letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_shown_as_text_and_never_as_html() {
        let notes = [Note {
            id: 1,
            body: "<b>&\"'".to_owned(),
            created_at: "now".to_owned(),
        }];
        let page = Page {
            greeting: "a & b",
            notes: &notes,
            count: 1,
        };
        let html = page.to_string();
        assert!(html.contains("<p>&lt;b&gt;&amp;&quot;&#39;</p>"), "{html}");
        assert!(html.contains("<h1>a &amp; b</h1>"), "{html}");
    }

    #[test]
    fn an_empty_page_says_so() {
        let page = Page {
            greeting: "Notes",
            notes: &[],
            count: 0,
        };
        assert!(page.to_string().contains("No notes yet."));
    }
}
