package manifest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmespath-community/go-jmespath/pkg/functions"
	"github.com/jmespath-community/go-jmespath/pkg/interpreter"
	"github.com/jmespath-community/go-jmespath/pkg/parsing"
)

// Message is what expressions see of a webhook.
type Message struct {
	// Body is the decoded body: what encoding/json makes of it.
	Body any
	// Headers have lower-case names.
	Headers map[string]string
	// Event is the sender's name of what happened; Name is the endpoint's.
	Event, Name string
}

// references are the names that expressions know besides the body's own: each
// stands for a member of the root.
var references = []string{"@headers", "@event", "@name", "@body"}

// root is the document that expressions are about: the body, if it is an
// object, and the references.
func (m *Message) root() map[string]any {
	root := map[string]any{}
	if object, ok := m.Body.(map[string]any); ok {
		for key, value := range object {
			root[key] = value
		}
	}
	headers := make(map[string]any, len(m.Headers))
	for name, value := range m.Headers {
		headers[name] = value
	}
	root["@headers"], root["@event"], root["@name"], root["@body"] = headers, m.Event, m.Name, m.Body
	return root
}

// Expression is a JMESPath expression (https://jmespath.site, the community
// edition: with string functions and $ for the root) over a Message. @headers,
// @event, @name and @body may stand where a value may. It may be used by any
// number of goroutines.
type Expression struct {
	node   parsing.ASTNode
	caller interpreter.FunctionCaller
}

// ParseExpression compiles an expression. The error says what is wrong and at
// which character.
func ParseExpression(text string) (*Expression, error) {
	plain, err := resolveReferences(text)
	if err != nil {
		return nil, err
	}
	node, err := parse(plain)
	if err != nil {
		var syntax parsing.SyntaxError
		if errors.As(err, &syntax) && plain == text {
			return nil, fmt.Errorf("in {%s}, character %d: %s", text, syntax.Offset+1, strings.TrimPrefix(err.Error(), "SyntaxError: "))
		}
		return nil, fmt.Errorf("in {%s}: %s", text, strings.TrimPrefix(err.Error(), "SyntaxError: "))
	}
	known := functions.GetDefaultFunctions()
	if err := checkFunctions(node, known); err != nil {
		return nil, fmt.Errorf("in {%s}: %w", text, err)
	}
	return &Expression{node: node, caller: interpreter.NewFunctionCaller(known...)}, nil
}

// parse calls the library's parser, which panics on some text that is no
// expression, such as a name that ends within a character.
func parse(text string) (node parsing.ASTNode, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("this is no expression; names with other than letters, digits and _ stand in double quotes")
		}
	}()
	return parsing.NewParser().Parse(text)
}

// checkFunctions finds functions that do not exist, which the parser lets pass.
func checkFunctions(node parsing.ASTNode, known []functions.FunctionEntry) error {
	if name, ok := node.Value.(string); ok && node.NodeType == parsing.ASTFunctionExpression &&
		!slices.ContainsFunc(known, func(f functions.FunctionEntry) bool { return f.Name == name }) {
		return fmt.Errorf("there is no function %s", name)
	}
	for _, child := range node.Children {
		if err := checkFunctions(child, known); err != nil {
			return err
		}
	}
	return nil
}

// resolveReferences writes $."@event" for @event, outside of quotes.
func resolveReferences(text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			end := quoteEnd(text, i)
			b.WriteString(text[i:end])
			i = end
		case c == '@' && i+1 < len(text) && isLetter(text[i+1]):
			end := i + 1
			for end < len(text) && isLetter(text[end]) {
				end++
			}
			if !slices.Contains(references, text[i:end]) {
				return "", fmt.Errorf("in {%s}: there is no %s, only %s", text, text[i:end], strings.Join(references, ", "))
			}
			b.WriteString(`$."` + text[i:end] + `"`)
			i = end
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// quoteEnd gives the place after the quoted text that begins at start, or the
// text's end if it is never closed.
func quoteEnd(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[start]:
			return i + 1
		}
	}
	return len(text)
}

// Value evaluates the expression. An error is a function's that was given the
// wrong kind of value.
func (e *Expression) Value(m *Message) (any, error) { return e.value(m.root()) }

// value evaluates over a root. What panics in the library, as it may where
// values are not of the kinds that it expects, is an error.
func (e *Expression) value(root any) (value any, err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("the expression cannot be evaluated: %v", why)
		}
	}()
	return interpreter.NewInterpreter(root, e.caller, nil).Execute(e.node, root)
}

// Holds reports whether the expression is true as JMESPath has it: not null,
// not false, not empty.
func (e *Expression) Holds(m *Message) (bool, error) {
	value, err := e.Value(m)
	if err != nil {
		return false, err
	}
	switch v := value.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case string:
		return v != "", nil
	case []any:
		return len(v) > 0, nil
	case map[string]any:
		return len(v) > 0, nil
	}
	return true, nil
}
