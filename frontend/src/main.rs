//! Mounts the page.

fn main() {
    aiq_connect_frontend::mount();
}
