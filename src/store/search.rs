//! Full-text search over what the course holds: SQLite's FTS5, in memory, filled with texts that others hand over.
//!
//! Keeps nothing and knows nothing of the database of people and sessions; a new index is made where content changes.
//! Its statements stand here and not with the others, since PostgreSQL has none of them. What a reader types never
//! reaches FTS5 as it is: [`query`] makes an expression of quoted words out of it.

mod query;
mod vocabulary;

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use self::query::Query;
use self::vocabulary::Vocabulary;
use super::error::{Doing, StoreError};

/// A page's own title and text are a row, and each of its sections; `page` is the title again, for a section.
const CREATE: &str = "create virtual table sections using fts5(title, heading, text, page,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')";
const CREATE_WORDS: &str = "create virtual table words using fts5vocab(sections, 'row')";
const INSERT: &str = "insert into sections (rowid, title, heading, text, page) values ($1, $2, $3, $4, $5)";
const OPTIMIZE: &str = "insert into sections (sections) values ('optimize')";
const WORDS: &str = "select term, doc from words order by term";
/// Without an order: to rank all rows that have a frequent word would take a tenth of a second.
const FIND: &str =
    "select rowid, bm25(sections, 20.0, 8.0, 1.0, 0.5) as rank from sections where sections match $1 limit $2";
const SHOW: &str = "select rowid, highlight(sections, 0, char(1), char(2)) || highlight(sections, 3, char(1), char(2)),
    highlight(sections, 1, char(1), char(2)), snippet(sections, 2, char(1), char(2), '…', 28)
    from sections where sections match $1 and rowid in (select value from json_each($2))";

/// Around a hit in what FTS5 gives back; taken out of every text that goes in.
const MARKS: [char; 2] = ['\u{1}', '\u{2}'];

/// How many rows of a rank are looked at: titles, then headings, then texts. A word that is in more of them is so
/// frequent that the order within the rank says little.
const TITLES: i64 = 300;
const HEADINGS: i64 = 300;
const TEXTS: i64 = 600;
/// Hits of one page.
const PER_PAGE: usize = 3;

/// What kind of page a hit is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchKind {
    Lesson,
    Lab,
    Term,
}

/// A page that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    pub kind: SearchKind,
    /// The address without a fragment: `/weeks/1/metrics`.
    pub address: String,
    pub title: String,
    /// Other names for it, which rank as headings do.
    pub also: String,
    /// Where it is, in words: `Week 1`.
    pub place: String,
    /// What stands before the first section.
    pub text: String,
    pub sections: Vec<SearchSection>,
}

/// A part of a page that has a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchSection {
    /// The fragment of the address that leads there; `None` where only the page as a whole can be addressed.
    pub id: Option<String>,
    pub heading: String,
    pub text: String,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Plain text: whoever puts it on a page escapes it.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// A page or section that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchHit {
    pub kind: SearchKind,
    /// With the fragment where it is a section.
    pub address: String,
    pub place: String,
    /// The page's title.
    pub title: Vec<Segment>,
    /// The section's heading; empty where the page as a whole was found.
    pub heading: Vec<Segment>,
    /// A few words of the text round what was found; empty where there is no text.
    pub snippet: Vec<Segment>,
}

/// How what was found relates to what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "words")]
pub enum Answered {
    /// All words are there.
    AsAsked,
    /// Nothing has the words as they were typed; these are the nearest that there are.
    Corrected(String),
    /// Nothing has all of the words; some of them are there.
    InPart,
}

/// What was found, best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchResults {
    pub hits: Vec<SearchHit>,
    /// Whether there are more.
    pub more: bool,
    pub answered: Answered,
}

/// What a row belongs to.
#[derive(Debug)]
struct Row {
    page: usize,
    id: Option<String>,
}

#[derive(Debug)]
struct Page {
    kind: SearchKind,
    address: String,
    place: String,
    /// In lower case, to be held against what was typed.
    title: String,
}

/// The index. Dropped, it is gone.
#[derive(Debug)]
pub struct SearchIndex {
    pool: SqlitePool,
    pages: Vec<Page>,
    /// By row id, less one.
    rows: Vec<Row>,
    vocabulary: Vocabulary,
}

/// A row that matches.
struct Candidate {
    row: i64,
    /// 0 by its title, 1 by its headings, 2 by its text.
    tier: u8,
    /// As FTS5 gives it: the better, the smaller.
    rank: f64,
}

impl SearchIndex {
    /// Makes an index of these pages. Their order decides between hits that are alike.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub async fn fill(pages: Vec<SearchPage>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .shared_cache(false)
            .journal_mode(SqliteJournalMode::Memory)
            .synchronous(SqliteSynchronous::Off);
        // The data lives as long as its one connection.
        let pool = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .doing("making a search index")?;
        let mut index = Self {
            pool,
            pages: Vec::with_capacity(pages.len()),
            rows: Vec::new(),
            vocabulary: Vocabulary::default(),
        };
        index.insert(pages).await.doing("filling the search index")?;
        Ok(index)
    }

    async fn insert(&mut self, pages: Vec<SearchPage>) -> Result<(), sqlx::Error> {
        let mut filling = self.pool.begin().await?;
        sqlx::query(CREATE).execute(&mut *filling).await?;
        sqlx::query(CREATE_WORDS).execute(&mut *filling).await?;
        for page in pages {
            let title = unmarked(&page.title);
            let number = self.pages.len();
            let own = (None, (title.as_str(), page.also.as_str(), page.text.as_str(), ""));
            let parts = page.sections.iter().map(|section| {
                let columns = ("", section.heading.as_str(), section.text.as_str(), title.as_str());
                (section.id.clone(), columns)
            });
            for (id, (title, heading, text, page)) in std::iter::once(own).chain(parts) {
                self.rows.push(Row { page: number, id });
                sqlx::query(INSERT)
                    .bind(i64::try_from(self.rows.len()).unwrap_or(i64::MAX))
                    .bind(title)
                    .bind(unmarked(heading))
                    .bind(unmarked(text))
                    .bind(page)
                    .execute(&mut *filling)
                    .await?;
            }
            self.pages.push(Page {
                kind: page.kind,
                address: page.address,
                place: page.place,
                title: query::plain(&title),
            });
        }
        sqlx::query(OPTIMIZE).execute(&mut *filling).await?;
        filling.commit().await?;
        let words: Vec<(String, i64)> = sqlx::query_as(WORDS).fetch_all(&self.pool).await?;
        self.vocabulary = Vocabulary::new(words);
        Ok(())
    }

    /// Finds what has all the words, whichever way they are ordered, the last of them as far as it is typed; where
    /// nothing has, what has the nearest words that there are; where nothing has these, what has some of the words. At most
    /// `most` hits, those by title first, those by heading next.
    ///
    /// # Errors
    /// Never for what was typed; where the index itself fails.
    pub async fn search(&self, typed: &str, most: usize) -> Result<SearchResults, StoreError> {
        self.look_up(typed, most).await.doing("searching")
    }

    async fn look_up(&self, typed: &str, most: usize) -> Result<SearchResults, sqlx::Error> {
        let query = Query::parse(typed);
        let nothing = SearchResults {
            hits: Vec::new(),
            more: false,
            answered: Answered::AsAsked,
        };
        if query.is_empty() {
            return Ok(nothing);
        }
        let asked = self.results(&query, &query.all(), most, Answered::AsAsked).await?;
        if !asked.hits.is_empty() {
            return Ok(asked);
        }
        if let Some(near) = query.corrected(&self.vocabulary) {
            let words = near.to_string();
            let corrected = self
                .results(&near, &near.all(), most, Answered::Corrected(words))
                .await?;
            if !corrected.hits.is_empty() {
                return Ok(corrected);
            }
        }
        if query.has_several() {
            return self.results(&query, &query.any(), most, Answered::InPart).await;
        }
        Ok(nothing)
    }

    async fn results(
        &self,
        query: &Query,
        expression: &str,
        most: usize,
        answered: Answered,
    ) -> Result<SearchResults, sqlx::Error> {
        let mut found = self.candidates(expression, most).await?;
        found.sort_by(|a, b| {
            (a.tier, self.by_title(query, a))
                .cmp(&(b.tier, self.by_title(query, b)))
                .then(a.rank.total_cmp(&b.rank))
                .then(a.row.cmp(&b.row))
        });
        let mut of_page: HashMap<usize, usize> = HashMap::new();
        let mut rows: Vec<i64> = Vec::new();
        for candidate in &found {
            let Some(row) = self.row(candidate.row) else { continue };
            let count = of_page.entry(row.page).or_default();
            *count += 1;
            if *count <= PER_PAGE {
                rows.push(candidate.row);
            }
        }
        let more = rows.len() > most;
        rows.truncate(most);
        Ok(SearchResults {
            hits: self.show(expression, &rows).await?,
            more,
            answered,
        })
    }

    /// Rows that match, each once, in the best tier that it is in.
    async fn candidates(&self, expression: &str, most: usize) -> Result<Vec<Candidate>, sqlx::Error> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for (tier, columns, limit) in [
            (0, "{title} : ", TITLES),
            (1, "{title heading page} : ", HEADINGS),
            (2, "", TEXTS),
        ] {
            let rows: Vec<(i64, f64)> = sqlx::query_as(FIND)
                .bind(format!("{columns}({expression})"))
                .bind(limit)
                .fetch_all(&self.pool)
                .await?;
            for (row, rank) in rows {
                if seen.insert(row) {
                    found.push(Candidate { row, tier, rank });
                }
            }
            if found.len() > most * PER_PAGE {
                break;
            }
        }
        Ok(found)
    }

    fn row(&self, id: i64) -> Option<&Row> {
        self.rows.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// 0 where the title is what was typed, 1 where it begins so, 2 elsewhere.
    fn by_title(&self, query: &Query, candidate: &Candidate) -> u8 {
        if candidate.tier > 0 {
            return 2;
        }
        let Some(page) = self.row(candidate.row).and_then(|row| self.pages.get(row.page)) else {
            return 2;
        };
        match page.title.strip_prefix(query.typed()) {
            Some("") => 0,
            Some(_) => 1,
            None => 2,
        }
    }

    /// The rows as hits, in the order in which they are given. Sections that have nothing of their own, but only lie on
    /// a page that has, are left out where the page itself is there.
    async fn show(&self, expression: &str, rows: &[i64]) -> Result<Vec<SearchHit>, sqlx::Error> {
        let list = serde_json::Value::from(rows).to_string();
        let shown: Vec<(i64, String, String, String)> = sqlx::query_as(SHOW)
            .bind(expression)
            .bind(list)
            .fetch_all(&self.pool)
            .await?;
        let mut shown: HashMap<i64, (String, String, String)> = shown
            .into_iter()
            .map(|(row, title, heading, snippet)| (row, (title, heading, snippet)))
            .collect();
        let mut pages = HashSet::new();
        let mut hits = Vec::with_capacity(rows.len());
        for id in rows {
            let (Some(row), Some((title, heading, snippet))) = (self.row(*id), shown.remove(id)) else {
                continue;
            };
            let own = |text: &str| text.contains(MARKS[0]);
            if !pages.insert(row.page) && !own(&heading) && !own(&snippet) {
                continue;
            }
            let page = &self.pages[row.page];
            // What ranks as a page's heading are its other names: no heading of a section.
            let is_section = *id > 1 && self.row(*id - 1).is_some_and(|before| before.page == row.page);
            hits.push(SearchHit {
                kind: page.kind,
                address: match &row.id {
                    Some(id) => format!("{}#{id}", page.address),
                    None => page.address.clone(),
                },
                place: page.place.clone(),
                title: segments(&title),
                heading: if is_section { segments(&heading) } else { Vec::new() },
                snippet: segments(&snippet),
            });
        }
        Ok(hits)
    }
}

/// The text without the characters that mark hits; NUL would end it.
fn unmarked(text: &str) -> String {
    text.replace(|c| MARKS.contains(&c) || c == '\0', " ")
}

/// A text with marks as pieces.
fn segments(marked: &str) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    let mut hit = false;
    for piece in marked.split_inclusive(MARKS) {
        let text = piece.trim_end_matches(MARKS);
        if !text.is_empty() {
            match out.last_mut() {
                Some(last) if last.hit == hit => last.text.push_str(text),
                _ => out.push(Segment {
                    text: text.to_owned(),
                    hit,
                }),
            }
        }
        hit = piece.ends_with(MARKS[0]);
    }
    out
}

#[cfg(test)]
mod tests;
