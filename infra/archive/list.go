package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Lists are the entries of several archives, by the archive's name.
type Lists map[string][]Entry

// lists is the JSON form: each entry once, archives as indexes into them, since
// a hundred archives share almost all of their entries.
type lists struct {
	Entries  []Entry          `json:"entries"`
	Archives map[string][]int `json:"archives"`
}

// Encode gives the lists as a JSON document, the same bytes for the same lists.
// Where the contents come from is not in it.
func (l Lists) Encode() ([]byte, error) {
	type identity struct{ name, key, link string }
	doc := lists{Entries: []Entry{}, Archives: make(map[string][]int, len(l))}
	at := map[identity]int{}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		indexes := make([]int, len(l[name]))
		for i, e := range l[name] {
			id := identity{name: e.Name, key: e.Key + e.Mode.String(), link: e.Link}
			n, ok := at[id]
			if !ok {
				n = len(doc.Entries)
				at[id] = n
				doc.Entries = append(doc.Entries, e)
			}
			indexes[i] = n
		}
		doc.Archives[name] = indexes
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(doc)
	return b.Bytes(), err
}

// DecodeLists reads what Encode gave.
func DecodeLists(text []byte) (Lists, error) {
	var doc lists
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("decode list of files: %w", err)
	}
	l := make(Lists, len(doc.Archives))
	for name, indexes := range doc.Archives {
		entries := make([]Entry, len(indexes))
		for i, n := range indexes {
			if n < 0 || n >= len(doc.Entries) {
				return nil, fmt.Errorf("decode list of files: archive %s has entry %d of %d", name, n, len(doc.Entries))
			}
			entries[i] = doc.Entries[n]
		}
		l[name] = entries
	}
	return l, nil
}
