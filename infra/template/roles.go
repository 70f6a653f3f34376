package template

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"pack/manifest"
)

// addRole makes the role of functions of a kind: what they log, and what they
// use besides.
func (s *stack) addRole(id string, kind manifest.FunctionKind, logs string) {
	statements := list{allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, attribute(logs, "Arn"))}
	statements = append(statements, s.stateStatements(kind)...)
	statements = append(statements, s.callStatements(kind)...)
	statements = append(statements, s.secretStatements(kind)...)
	if s.purges(kind) {
		statements = append(statements, allow([]string{"cloudfront:CreateInvalidation"},
			join("arn:aws:cloudfront::", ref(accountID), ":distribution/", ref(ParamDistribution))))
	}
	s.add(id, &resource{Type: "AWS::IAM::Role", Properties: object{
		"AssumeRolePolicyDocument": policyDocument(object{
			"Effect": "Allow", "Principal": object{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
		}),
		"Policies": list{object{"PolicyName": "function", "PolicyDocument": policyDocument(statements...)}},
	}})
}

func allow(actions []string, resources ...any) object {
	all := make(list, len(actions))
	for i, action := range actions {
		all[i] = action
	}
	return object{"Effect": "Allow", "Action": all, "Resource": list(resources)}
}

// stateStatements: pages, jobs, tags and files. Listing is what makes S3 answer
// 404, and not 403, for a page that is not there. What of the app is in production is
// read by functions and nobody's of theirs to say, whatever runs in them.
func (s *stack) stateStatements(kind manifest.FunctionKind) list {
	writes := []string{"s3:PutObject", "s3:DeleteObject"}
	releases := allow(writes, bucketARN(idState, "/"+manifest.ControlFolder+"*"))
	releases["Effect"] = "Deny"
	statements := list{
		allow(append([]string{"s3:GetObject"}, writes...), bucketARN(idState, "/*")),
		releases,
		allow([]string{"s3:ListBucket"}, bucketARN(idState)),
		allow([]string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"},
			join("arn:aws:dynamodb:"+home(s.d)+":", ref(accountID), ":table/", ref(idTags))),
	}
	if kind == manifest.GatewayFunction {
		statements = append(statements, allow([]string{"s3:GetObject"}, bucketARN(idAssets, "/"+AssetsPrefix+"/*")))
	}
	return statements
}

// callStatements: other functions and queues. The pattern of a function's name
// stands for one app and stage alone (manifest.LambdaName).
func (s *stack) callStatements(kind manifest.FunctionKind) list {
	var statements list
	invoke := func(region, name string) object {
		return allow([]string{"lambda:InvokeFunction"}, join("arn:aws:lambda:"+region+":", ref(accountID), ":function:"+name))
	}
	gateway := manifest.LambdaName(s.o.prefix(), s.ofKind(manifest.GatewayFunction).Name)
	switch kind {
	case manifest.GatewayFunction, manifest.WorkerFunction:
		for _, region := range Regions(s.d) {
			statements = append(statements, invoke(region, manifest.LambdaName(s.o.prefix(), "*")))
		}
		if s.worker() == nil {
			break
		}
		statements = append(statements, allow([]string{"sqs:SendMessage"}, attribute(idRefresh, "Arn"), attribute(idJobs, "Arn")))
		if kind == manifest.WorkerFunction {
			statements = append(statements, allow(
				[]string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"},
				attribute(idRefresh, "Arn"), attribute(idJobs, "Arn"),
			))
		}
	default:
		// The gateway of their own release, which is not always the one in use.
		statements = append(statements, invoke(home(s.d), gateway+":*"))
	}
	return statements
}

// secretStatements: the named ones and no others, of the home region wherever
// the function is. AWS's own keys need no permission; with keys of the account's own,
// whose policies have the last word, functions decrypt what those services hand out.
func (s *stack) secretStatements(kind manifest.FunctionKind) list {
	if kind == manifest.ImageFunction {
		return nil
	}
	var parameters, secrets list
	// keys are those of a region and an account, by the service that asks for them.
	type asking struct{ service, account string }
	keys := map[asking]any{}
	for _, name := range slices.Sorted(maps.Keys(s.o.Secrets)) {
		secret := s.o.Secrets[name].At(s.o.Stage)
		switch {
		case secret.Parameter != "":
			parameters = append(parameters, join("arn:aws:ssm:"+home(s.d)+":", ref(accountID), ":parameter/"+strings.TrimPrefix(secret.Parameter, "/")))
			keys[asking{"ssm." + home(s.d), ""}] = keyARN(home(s.d), ref(accountID))
		case strings.HasPrefix(secret.Secret, "arn:"):
			secrets = append(secrets, secret.Secret)
			if parts := strings.SplitN(secret.Secret, ":", 6); len(parts) == 6 {
				keys[asking{"secretsmanager." + parts[3], parts[4]}] = keyARN(parts[3], parts[4])
			}
		default:
			// Secrets Manager adds a hyphen and six characters to the name.
			secrets = append(secrets, join("arn:aws:secretsmanager:"+home(s.d)+":", ref(accountID), ":secret:"+secret.Secret+"-??????"))
			keys[asking{"secretsmanager." + home(s.d), ""}] = keyARN(home(s.d), ref(accountID))
		}
	}
	var statements list
	if len(parameters) > 0 {
		statements = append(statements, allow([]string{"ssm:GetParameters"}, parameters...))
	}
	if len(secrets) > 0 {
		statements = append(statements, allow([]string{"secretsmanager:GetSecretValue"}, secrets...))
	}
	for _, by := range slices.SortedFunc(maps.Keys(keys), func(a, b asking) int {
		return cmp.Or(strings.Compare(a.service, b.service), strings.Compare(a.account, b.account))
	}) {
		decrypt := allow([]string{"kms:Decrypt"}, keys[by])
		decrypt["Condition"] = object{"StringEquals": object{"kms:ViaService": by.service + ".amazonaws.com"}}
		statements = append(statements, decrypt)
	}
	return statements
}

// keyARN is any key of a region and an account.
func keyARN(region string, account any) any {
	return join("arn:aws:kms:"+region+":", account, ":key/*")
}
