// Makes the pairs in templates.json: what Go's own text/template prints, or
// the error it gives. Run from this directory with Go 1.26:
//
//	go run generate.go > templates.json
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

// Pair is a template and what Go makes of it.
type Pair struct {
	Template string
	Output   string `json:",omitempty"`
	Error    string `json:",omitempty"`
}

// File is an object with a method, as the reports of this project have.
type File struct {
	Name    string
	Applied []string
	Skipped int
	Error   *Failure
}

// Failure is an object that may be missing.
type Failure struct{ Stmt, Text string }

// Header is a method without arguments.
func (f *File) Header() string { return "header of " + f.Name }

// Summary is a method with an argument.
func (f *File) Summary(indent string) string { return indent + f.Name }

// Count is a method with several.
func (f *File) Count(from int, words ...string) int { return from + len(words) }

type refusal string

func (r refusal) Error() string { return string(r) }

func data() map[string]any {
	return map[string]any{
		"name": "world", "empty": "", "unicode": "h\u00e9llo \u4e16", "quoted": "a\"b\\c\n<&>'",
		"int": 42, "zero": 0, "negative": -7, "float": 1.5, "million": 1e6, "small": 0.00001234,
		"yes": true, "no": false, "nil": nil,
		"list": []any{"a", "b", "c"}, "numbers": []any{1, 2, 3}, "none": []any{},
		"mixed": []any{1, "x", 2, 3, nil, true, 2.5},
		"map":   map[string]any{"b": 2, "a": 1, "c": map[string]any{"deep": "value"}},
		"file": &File{Name: "1.sql", Applied: []string{"SELECT 1;", "SELECT 2;"}, Skipped: 1},
		"bad":  &File{Name: "2.sql", Error: &Failure{Stmt: "BAD;", Text: "syntax"}},
		"add":  func(a, b int) int { return a + b },
	}
}

func functions() template.FuncMap {
	return template.FuncMap{
		"upper":  strings.ToUpper,
		"add":    func(a, b int) int { return a + b },
		"half":   func(a float64) float64 { return a / 2 },
		"negate": func(a bool) bool { return !a },
		"join":   func(sep string, words ...string) string { return strings.Join(words, sep) },
		"fail":   func() (string, error) { return "", refusal("it failed") },
		"same":   func(v any) any { return v },
		"name":   func(f *File) string { return f.Name },
	}
}

func main() {
	in, err := os.Open("templates.txt")
	if err != nil {
		panic(err)
	}
	var pairs []Pair
	for scanner := bufio.NewScanner(in); scanner.Scan(); {
		line := scanner.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		// One template a line, as a JSON string if it begins with a quote.
		text := line
		if strings.HasPrefix(line, `"`) {
			if err := json.Unmarshal([]byte(line), &text); err != nil {
				panic(err)
			}
		}
		pair := Pair{Template: text}
		t, err := template.New("t").Funcs(functions()).Parse(text)
		if err == nil {
			var out strings.Builder
			err = t.Execute(&out, data())
			pair.Output = out.String()
		}
		if err != nil {
			pair.Error = err.Error()
			pair.Output = ""
		}
		pairs = append(pairs, pair)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(pairs); err != nil {
		panic(err)
	}
}
