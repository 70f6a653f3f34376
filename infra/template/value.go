package template

import "strings"

// object and list are JSON values as CloudFormation has them, intrinsic
// functions included. Only ref, attribute, join, choose and hostOf make those,
// so that whoever translates or splits a template knows all there are.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
type (
	object = map[string]any
	list   = []any
)

const (
	keyRef       = "Ref"
	keyAttribute = "Fn::GetAtt"
	keyJoin      = "Fn::Join"
	keyIf        = "Fn::If"
	keySelect    = "Fn::Select"
	keySplit     = "Fn::Split"
)

// accountID is the account that the template is applied in.
const accountID = "AWS::AccountId"

func ref(id string) object { return object{keyRef: id} }

func attribute(id, name string) object { return object{keyAttribute: list{id, name}} }

// join puts texts together; neighbours that are plain become one.
func join(parts ...any) any {
	var all list
	for _, part := range parts {
		text, plain := part.(string)
		if last := len(all) - 1; plain && last >= 0 {
			if before, ok := all[last].(string); ok {
				all[last] = before + text
				continue
			}
		}
		all = append(all, part)
	}
	if len(all) == 1 {
		return all[0]
	}
	return object{keyJoin: list{"", all}}
}

// choose is one value or another, by whether a parameter is set: the only
// conditions that there are.
func choose(parameter string, set, unset any) object {
	return object{keyIf: list{conditionOf(parameter), set, unset}}
}

func conditionOf(parameter string) string { return "Has" + parameter }

// parameterOf is the reverse of conditionOf.
func parameterOf(condition string) string { return strings.TrimPrefix(condition, "Has") }

// hostOf is the host name of a URL.
func hostOf(url any) object {
	return object{keySelect: list{2, object{keySplit: list{"/", url}}}}
}

// eachReference calls f with every reference in a value: what Ref and GetAtt
// name, with the attribute or "" for Ref. It returns the value with each
// replaced by what f returns.
func eachReference(value any, f func(id, attribute string, whole object) any) any {
	switch v := value.(type) {
	case object:
		if id, ok := v[keyRef].(string); ok && len(v) == 1 {
			return f(id, "", v)
		}
		if parts, ok := v[keyAttribute].(list); ok && len(v) == 1 {
			return f(parts[0].(string), parts[1].(string), v)
		}
		out := make(object, len(v))
		for name, member := range v {
			out[name] = eachReference(member, f)
		}
		return out
	case list:
		out := make(list, len(v))
		for i, member := range v {
			out[i] = eachReference(member, f)
		}
		return out
	}
	return value
}

// eachCondition calls f with every condition that a value names.
func eachCondition(value any, f func(condition string)) {
	switch v := value.(type) {
	case object:
		if parts, ok := v[keyIf].(list); ok {
			f(parts[0].(string))
		}
		for _, member := range v {
			eachCondition(member, f)
		}
	case list:
		for _, member := range v {
			eachCondition(member, f)
		}
	}
}
