//! The gallery as pages, in `target/gallery`: with the page's own styles, and nothing from elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Frame, Group, Scene, all};

const STYLE: &str = include_str!("gallery.css");
/// What refers to an element by its id. Scenes share a page, so each gets ids of its own.
const REFERENCES: [&str; 6] = ["id", "for", "aria-labelledby", "aria-describedby", "aria-controls", "data-focus-home"];

/// Where the pages go.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/gallery")
}

#[tokio::test]
async fn the_gallery_is_drawn_for_everybody_who_wants_to_look() {
    let folder = folder();
    fs::create_dir_all(folder.join("styles")).unwrap();
    fs::write(folder.join("styles/gallery.css"), STYLE).unwrap();
    let mut links = String::from("<link rel=\"stylesheet\" href=\"styles/gallery.css\">");
    let shell = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../index.html")).unwrap();
    for name in shell.split("href=\"frontend/styles/").skip(1).filter_map(|rest| rest.split('"').next()) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("styles").join(name);
        fs::copy(from, folder.join("styles").join(name)).unwrap();
        links.extend(["<link rel=\"stylesheet\" href=\"styles/", name, "\">"]);
    }
    let groups = all().await;
    let mut names = Vec::new();
    for group in &groups {
        fs::write(folder.join(format!("{}.html", group.file)), page(group.title, &links, &body(group))).unwrap();
        names.push(format!("<li><a class=\"link\" href=\"{0}.html\">{0}</a> {1}</li>", group.file, group.title));
    }
    let list = format!("<main class=\"gallery\"><h1>Gallery</h1><ul>{}</ul></main>", names.concat());
    fs::write(folder.join("index.html"), page("Gallery", &links, &list)).unwrap();
    let titles: std::collections::BTreeMap<_, _> = groups.iter().map(|group| (group.file, group.title)).collect();
    fs::write(folder.join("gallery.json"), serde_json::to_string_pretty(&titles).unwrap()).unwrap();
    assert!(fs::read_to_string(folder.join("10-rows-settled.html")).unwrap().contains("data-state=\"connected\""));
}

fn page(title: &str, links: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · AI-Q</title>{links}</head><body>{body}</body></html>\n"
    )
}

fn body(group: &Group) -> String {
    if group.frame == Frame::Whole {
        return group.scenes.iter().map(|scene| scene.html.clone()).collect();
    }
    let scenes: String = group.scenes.iter().enumerate().map(|(number, scene)| framed(group, number, scene)).collect();
    format!(
        "<main class=\"gallery\"><h1>{}</h1><div class=\"gallery-scenes is-{}\">{scenes}</div></main>",
        group.title,
        word(group.frame)
    )
}

fn word(frame: Frame) -> &'static str {
    match frame {
        Frame::Rows | Frame::InPanel | Frame::Panel => "narrow",
        Frame::Page | Frame::Whole => "wide",
    }
}

fn framed(group: &Group, number: usize, scene: &Scene) -> String {
    let html = apart(&scene.html, number);
    let inner = match group.frame {
        Frame::Rows => format!("<div class=\"panel\"><ul class=\"sources-list\">{html}</ul></div>"),
        Frame::InPanel => format!("<div class=\"panel\">{html}</div>"),
        Frame::Panel | Frame::Page | Frame::Whole => html,
    };
    format!(
        "<section class=\"scene\"><h2 class=\"scene-name\">{}</h2><div class=\"scene-frame\">{inner}</div></section>",
        scene.name
    )
}

/// The same HTML, with ids that no other scene has.
fn apart(html: &str, number: usize) -> String {
    let mut html = html.to_owned();
    for name in REFERENCES {
        let start = format!(" {name}=\"");
        let mut parts = html.split(&start);
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (value, rest) = part.split_once('"').expect("an attribute ends");
            let ids: Vec<_> = value.split_whitespace().map(|id| format!("{id}-{number}")).collect();
            whole.extend([&start, &ids.join(" "), "\"", rest]);
        }
        html = whole;
    }
    html
}

#[test]
fn two_scenes_on_one_page_share_no_id() {
    let html = r#"<p id="a" for="b" aria-describedby="b c">x</p>"#;
    assert_eq!(apart(html, 7), r#"<p id="a-7" for="b-7" aria-describedby="b-7 c-7">x</p>"#);
}
