//! Looking for a source by what people call it.

use aiq_connect_shared::DataSource;

/// From this many sources on, looking for one is quicker than reading all.
const WORTH_IT: usize = 8;

/// Whether there are enough sources to look for one.
pub fn is_worth_it(sources: usize) -> bool {
    sources >= WORTH_IT
}

/// Whether a source is one the person may mean: every word stands in its name or its description.
pub fn matches(source: &DataSource, text: &str) -> bool {
    let said = format!("{} {}", source.name, source.description.as_deref().unwrap_or_default()).to_lowercase();
    text.to_lowercase().split_whitespace().all(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::connections::samples::free;

    fn finds(text: &str) -> bool {
        let description = Some("Incidents and knowledge articles".to_owned());
        matches(&DataSource { name: "ServiceNow".to_owned(), description, ..free("a", true) }, text)
    }

    #[test]
    fn names_and_descriptions_are_searched_word_by_word() {
        assert!(finds("") && finds("service") && finds("SERVICENOW") && finds(" articles  now "));
        assert!(!finds("github") && !finds("service github"));
    }

    #[test]
    fn a_few_sources_need_no_search() {
        assert!(!is_worth_it(7) && is_worth_it(8));
    }
}
