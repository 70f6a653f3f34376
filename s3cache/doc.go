// Package s3cache keeps what Next.js has rendered: prerendered and incrementally
// regenerated pages, and the data cache of fetch and "use cache".
//
// An Entry is everything of one render and is always written and read as one object of
// a Store, so HTML, RSC payload, segments and postponed state can never come from
// different renders. A TagStore remembers per tag when it was revalidated, one item a
// tag, however many pages carry it. A Cache joins the two, keeps decoded entries in
// memory (every use asks whether they still hold), and elects one renderer per page by
// leases.
//
// Store and TagStore are driver contracts: package storetest proves an implementation.
// Directory and TagDirectory implement them for one machine, packages s3store and
// dynamotags with AWS.
package s3cache
