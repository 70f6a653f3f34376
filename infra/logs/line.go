package logs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Line is one line of a function's log.
type Line struct {
	Time time.Time `json:"time"`
	// Region is AWS's, Function the deployment's name of it.
	Region   string `json:"region"`
	Function string `json:"function"`
	// Level is DEBUG, INFO, WARN or ERROR; empty where the line does not say.
	Level string `json:"level,omitempty"`
	// Message is what is read; Fields is what else the line has.
	Message string         `json:"message"`
	Fields  map[string]any `json:"fields,omitempty"`
	// Quiet lines are Lambda's own, of every invocation: shown when asked for.
	Quiet bool `json:"quiet,omitempty"`
}

// Parse reads an event of a log: a JSON object as package slog, Lambda's JSON
// format and the platform write them, or plain text. It never fails: what it
// does not know is a message as it is.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
func Parse(text string, at time.Time) Line {
	l := Line{Time: at, Message: strings.TrimRight(text, "\r\n")}
	var object map[string]any
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &object) != nil {
		return l
	}
	if kind, ok := object["type"].(string); ok && strings.HasPrefix(kind, "platform.") {
		if record, ok := object["record"].(map[string]any); ok {
			return l.platform(strings.TrimPrefix(kind, "platform."), record)
		}
	}
	message, found := "", false
	for _, key := range []string{"msg", "message", "errorMessage"} {
		value, ok := object[key]
		if !ok || found {
			continue
		}
		found = true
		if text, ok := value.(string); ok {
			message = text
		} else {
			message = compact(value)
		}
		delete(object, key)
	}
	if !found {
		return l // A JSON document of the app's own.
	}
	if t, ok := object["time"].(string); ok {
		if parsed, err := time.Parse(time.RFC3339Nano, t); err == nil {
			l.Time = parsed
		}
	}
	level, _ := object["level"].(string)
	for _, known := range []string{"time", "timestamp", "level"} {
		delete(object, known)
	}
	l.Message, l.Level = message, strings.ToUpper(level)
	if len(object) > 0 {
		l.Fields = object
	}
	return l
}

// platform reads a line that Lambda writes about an invocation.
func (l Line) platform(kind string, record map[string]any) Line {
	metrics, _ := record["metrics"].(map[string]any)
	status, _ := record["status"].(string)
	number := func(name string) string {
		n, ok := metrics[name].(float64)
		if !ok {
			return ""
		}
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	l.Fields, l.Quiet = record, status == "" || status == "success"
	if !l.Quiet {
		l.Level = "ERROR"
	}
	var parts []string
	add := func(format, value string) {
		if value != "" {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	switch kind {
	case "report":
		add("%s", status)
		add("took %s ms", number("durationMs"))
		add("billed %s ms", number("billedDurationMs"))
		add("cold start %s ms", number("initDurationMs"))
		if used, of := number("maxMemoryUsedMB"), number("memorySizeMB"); used != "" {
			parts = append(parts, used+" of "+of+" MB")
		}
	default:
		add("%s", status)
		if reason, ok := record["errorType"].(string); ok {
			add("%s", reason)
		}
	}
	l.Message = strings.TrimSuffix(kind+": "+strings.Join(parts, ", "), ": ")
	return l
}

// Text is the line for people: time, function, level, message, and what else
// it has as name=value. stack and other values of many lines come below.
func (l Line) Text() string {
	var b strings.Builder
	b.WriteString(l.Time.UTC().Format("2006-01-02 15:04:05.000"))
	fmt.Fprintf(&b, " %s", l.Function)
	if l.Level != "" && l.Level != "INFO" {
		b.WriteString(" " + l.Level)
	}
	b.WriteString(" " + l.Message)
	if l.Quiet || strings.HasPrefix(l.Level, "ERROR") && l.Fields["metrics"] != nil {
		return b.String()
	}
	var below []string
	for _, name := range slices.Sorted(maps.Keys(l.Fields)) {
		value, ok := l.Fields[name].(string)
		if !ok {
			value = compact(l.Fields[name])
		}
		switch {
		case strings.Contains(value, "\n"):
			below = append(below, value)
		case value == "" || strings.ContainsAny(value, " \"="):
			fmt.Fprintf(&b, " %s=%q", name, value)
		default:
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	for _, text := range below {
		b.WriteString("\n    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    "))
	}
	return b.String()
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
