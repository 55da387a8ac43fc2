//! HTML as people review it: one element a line, indented, named as a style sheet would name it.

/// Elements that have no end.
const VOID: [&str; 4] = ["input", "br", "img", "hr"];
/// What every button and every sign says, and nobody needs to read again.
const SILENT: [&str; 4] = ["class", "viewBox", "focusable", "autocomplete"];

/// The outline of some HTML, as our renderer writes it.
pub fn outline(html: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut depth = 0;
    let mut drawing = 0;
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text(&mut lines, depth, drawing, &rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            depth -= 1;
            drawing -= usize::from(name == "svg" || drawing > 1);
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if drawing == 0 {
            lines.push(format!("{}{}", "  ".repeat(depth), element(name, &tag[name.len()..])));
        }
        if !VOID.contains(&name) && !tag.ends_with('/') {
            depth += 1;
            drawing += usize::from(name == "svg" || drawing > 0);
        }
    }
    text(&mut lines, depth, drawing, rest);
    lines.join("\n")
}

/// `button.button.is-primary aria-label="Connect ServiceNow"`
fn element(name: &str, attributes: &str) -> String {
    let mut line = name.to_owned();
    let mut others = String::new();
    let mut rest = attributes.trim_start();
    while let Some((attribute, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').expect("an attribute ends");
        rest = after.trim_start();
        match attribute {
            "class" => line.extend(value.split_whitespace().map(|class| format!(".{class}"))),
            attribute if SILENT.contains(&attribute) || (name == "button" && attribute == "type") => {}
            _ => others.extend([" ", attribute, "=\"", &plain(value), "\""]),
        }
    }
    line + &others
}

fn text(lines: &mut Vec<String>, depth: usize, drawing: usize, text: &str) {
    if drawing == 0 && !text.trim().is_empty() {
        lines.extend(plain(text).trim().lines().map(|line| format!("{}| {}", "  ".repeat(depth), line.trim())));
    }
}

/// Text as people read it.
pub fn plain(text: &str) -> String {
    text.replace("&#x27;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn an_outline_shows_what_is_there_and_leaves_drawings_out() {
    let html = r#"<p class="a b" id="x"><svg class="glyph"><path d="m"></path></svg><span>It&#x27;s on</span> now</p>"#;
    assert_eq!(outline(html), "p.a.b id=\"x\"\n  svg.glyph\n  span\n    | It's on\n  | now");
}
