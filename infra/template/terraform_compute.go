package template

import "fmt"

// compute translates what belongs to Lambda; false for everything else.
func (t *terraform) compute(id string, r *resource, p object) bool {
	switch r.Type {
	case "AWS::Lambda::Function":
		t.function(id, p)
	case "AWS::Lambda::LayerVersion":
		content := p["Content"].(object)
		t.add("aws_lambda_layer_version", id, object{
			"layer_name": p["LayerName"], "description": p["Description"], "s3_bucket": content["S3Bucket"], "s3_key": content["S3Key"],
			"compatible_architectures": p["CompatibleArchitectures"],
			// Functions change over to the new one first.
			"lifecycle": object{"create_before_destroy": true},
		})
	case "AWS::Lambda::Alias":
		t.add("aws_lambda_alias", id, object{"name": p["Name"], "function_name": p["FunctionName"], "function_version": p["FunctionVersion"]})
	case "AWS::Lambda::Url":
		t.add("aws_lambda_function_url", id, object{
			"function_name": p["TargetFunctionArn"], "qualifier": p["Qualifier"], "authorization_type": p["AuthType"], "invoke_mode": p["InvokeMode"],
			"depends_on": list{"aws_lambda_alias." + r.DependsOn[0]},
		})
	case "AWS::Lambda::Permission":
		t.permission(id, r, p)
	case "AWS::Lambda::EventSourceMapping":
		t.add("aws_lambda_event_source_mapping", id, object{
			"event_source_arn": p["EventSourceArn"], "function_name": p["FunctionName"], "batch_size": p["BatchSize"],
			"function_response_types": p["FunctionResponseTypes"],
			"scaling_config":          object{"maximum_concurrency": p["ScalingConfig"].(object)["MaximumConcurrency"]},
		})
	default:
		return false
	}
	return true
}

// nodeVariable names Node's runtime: older providers refuse the newest ones.
const nodeVariable = "node_runtime"

func (t *terraform) function(id string, p object) {
	code, logging := p["Code"].(object), p["LoggingConfig"].(object)
	runtime := p["Runtime"]
	if runtime == runtimeNode {
		runtime = "${var." + nodeVariable + "}"
	}
	t.add("aws_lambda_function", id, object{
		"function_name": p["FunctionName"], "description": p["Description"], "runtime": runtime, "handler": p["Handler"],
		"architectures": p["Architectures"], "s3_bucket": code["S3Bucket"], "s3_key": code["S3Key"], "layers": p["Layers"], "role": p["Role"],
		"memory_size": p["MemorySize"], "timeout": p["Timeout"], "publish": true,
		"environment":    object{"variables": p["Environment"].(object)["Variables"]},
		"logging_config": object{"log_format": logging["LogFormat"], "log_group": logging["LogGroup"]},
		"depends_on":     list{"aws_iam_role_policy." + t.roleOf(id)},
	})
	if loop, ok := p["RecursiveLoop"]; ok {
		t.add("aws_lambda_function_recursion_config", id, object{"function_name": "${aws_lambda_function." + id + ".function_name}", "recursive_loop": loop})
	}
}

func (t *terraform) roleOf(function string) string {
	return t.s.resources[function].Properties["Role"].(object)[keyAttribute].(list)[0].(string)
}

// permission: the provider cannot yet say that one is for calls through the URL
// alone, and without saying so it would let anybody call the function past it.
func (t *terraform) permission(id string, r *resource, p object) {
	function := t.functionOf(t.s.resources[t.functionOf(r)])
	if p["InvokedViaFunctionUrl"] == nil {
		t.add("aws_lambda_permission", id, object{
			"statement_id": id, "function_name": "${aws_lambda_function." + function + ".function_name}", "qualifier": alias,
			"action": p["Action"], "principal": p["Principal"], "function_url_auth_type": p["FunctionUrlAuthType"],
			"depends_on": list{"aws_lambda_alias." + function + "Live"},
		})
		return
	}
	command := fmt.Sprintf(
		"aws lambda add-permission --region %s --function-name ${self.input} --qualifier %s --statement-id %s --action %s --principal '*' --invoked-via-function-url",
		t.s.region, alias, id, p["Action"],
	)
	t.add("terraform_data", id, object{
		"input":            "${aws_lambda_function." + function + ".function_name}",
		"triggers_replace": list{"${aws_lambda_alias." + function + "Live.arn}"},
		"provisioner":      object{"local-exec": object{"command": command}},
	})
}
