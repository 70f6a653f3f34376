package manifest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Template is text with expressions in braces: product:{slug.current}. A brace
// itself is written twice. It may be used by any number of goroutines.
type Template struct{ parts []templatePart }

// templatePart is a text or an expression.
type templatePart struct {
	text       string
	expression *Expression
}

// ParseTemplate compiles a template. Errors say what is wrong and where.
func ParseTemplate(text string) (*Template, error) {
	var t Template
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			t.parts = append(t.parts, templatePart{text: plain.String()})
			plain.Reset()
		}
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			plain.WriteByte(c)
			i += 2
		case c == '}':
			return nil, fmt.Errorf("the brace at character %d closes nothing", i+1)
		case c == '{':
			end := closing(text, i)
			if end < 0 {
				return nil, fmt.Errorf("the brace at character %d is never closed", i+1)
			}
			source := strings.TrimSpace(text[i+1 : end])
			if source == "" {
				return nil, fmt.Errorf("the braces at character %d are empty", i+1)
			}
			expression, err := ParseExpression(source)
			if err != nil {
				return nil, err
			}
			flush()
			t.parts = append(t.parts, templatePart{expression: expression})
			i = end + 1
		default:
			plain.WriteByte(c)
			i++
		}
	}
	flush()
	if len(t.parts) == 0 {
		return nil, errors.New("it is empty")
	}
	return &t, nil
}

// closing gives the brace that closes the one at start, -1 if none does.
// Expressions have braces and quoted text of their own.
func closing(text string, start int) int {
	depth := 0
	for i := start; i < len(text); {
		switch text[i] {
		case '\'', '"', '`':
			i = quoteEnd(text, i)
			continue
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}

// maxExpansions is how many texts one template may become.
const maxExpansions = 1000

// Expand fills in the template. An expression that is null, false or empty
// leaves nothing of it, a list makes one text of each item; two lists make every
// pair. An error is an expression's, or a value that is no text.
func (t *Template) Expand(m *Message) ([]string, error) {
	root := m.root()
	texts := []string{""}
	for _, part := range t.parts {
		values := []string{part.text}
		if part.expression != nil {
			value, err := part.expression.value(root)
			if err == nil {
				values, err = textsOf(value)
			}
			if err != nil {
				return nil, err
			}
		}
		if len(texts)*len(values) > maxExpansions {
			return nil, fmt.Errorf("more than %d of them", maxExpansions)
		}
		next := make([]string, 0, len(texts)*len(values))
		for _, text := range texts {
			for _, value := range values {
				next = append(next, text+value)
			}
		}
		texts = next
	}
	return texts, nil
}

// textsOf writes a value as texts: null, false and the empty string as none, a
// list as those of its items. False is what a && b gives where a does not hold.
func textsOf(value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		if v == "" {
			return nil, nil
		}
		return []string{v}, nil
	case bool:
		if !v {
			return nil, nil
		}
		return []string{"true"}, nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e21 {
			return []string{strconv.FormatFloat(v, 'f', -1, 64)}, nil
		}
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}, nil
	case []any:
		var all []string
		for _, item := range v {
			texts, err := textsOf(item)
			if err != nil {
				return nil, err
			}
			if all = append(all, texts...); len(all) > maxExpansions {
				return nil, fmt.Errorf("more than %d of them", maxExpansions)
			}
		}
		return all, nil
	}
	return nil, errors.New("an expression gives an object where a text is due")
}
