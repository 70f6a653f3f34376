package template

// kept is what Retain is in Terraform, nearly: a plan that would destroy it fails.
var kept = object{"prevent_destroy": true}

// bucket is one resource in CloudFormation and six here.
func (t *terraform) bucket(id string, p object) {
	of := "${aws_s3_bucket." + id + ".id}"
	t.add("aws_s3_bucket", id, object{"bucket_prefix": t.s.o.prefix() + "-", "lifecycle": kept})
	t.add("aws_s3_bucket_ownership_controls", id, object{
		"bucket": of, "rule": object{"object_ownership": p["OwnershipControls"].(object)["Rules"].(list)[0].(object)["ObjectOwnership"]},
	})
	block := p["PublicAccessBlockConfiguration"].(object)
	t.add("aws_s3_bucket_public_access_block", id, object{
		"bucket": of, "block_public_acls": block["BlockPublicAcls"], "block_public_policy": block["BlockPublicPolicy"],
		"ignore_public_acls": block["IgnorePublicAcls"], "restrict_public_buckets": block["RestrictPublicBuckets"],
	})
	t.add("aws_s3_bucket_server_side_encryption_configuration", id, object{
		"bucket": of, "rule": object{"apply_server_side_encryption_by_default": object{"sse_algorithm": "AES256"}},
	})
	t.add("aws_s3_bucket_versioning", id, object{"bucket": of, "versioning_configuration": object{"status": "Enabled"}})
	var rules list
	for _, each := range p["LifecycleConfiguration"].(object)["Rules"].(list) {
		r := each.(object)
		prefix, _ := r["Prefix"].(string)
		rule := object{"id": r["Id"], "status": r["Status"], "filter": object{"prefix": prefix}}
		if expiration := (object{}); r["ExpirationInDays"] != nil {
			expiration["days"] = r["ExpirationInDays"]
			rule["expiration"] = expiration
		} else if r["ExpiredObjectDeleteMarker"] != nil {
			expiration["expired_object_delete_marker"] = true
			rule["expiration"] = expiration
		}
		if old, ok := r["NoncurrentVersionExpiration"].(object); ok {
			rule["noncurrent_version_expiration"] = object{"noncurrent_days": old["NoncurrentDays"]}
		}
		if abort, ok := r["AbortIncompleteMultipartUpload"].(object); ok {
			rule["abort_incomplete_multipart_upload"] = object{"days_after_initiation": abort["DaysAfterInitiation"]}
		}
		rules = append(rules, rule)
	}
	t.add("aws_s3_bucket_lifecycle_configuration", id, object{"bucket": of, "rule": rules})
}

func (t *terraform) table(id string, p object) {
	key := p["AttributeDefinitions"].(list)[0].(object)
	ttl := p["TimeToLiveSpecification"].(object)
	t.add("aws_dynamodb_table", id, object{
		"name": t.s.o.prefix() + "-tags", "billing_mode": p["BillingMode"], "hash_key": key["AttributeName"],
		"attribute":              object{"name": key["AttributeName"], "type": key["AttributeType"]},
		"ttl":                    object{"attribute_name": ttl["AttributeName"], "enabled": ttl["Enabled"]},
		"point_in_time_recovery": object{"enabled": true},
		"lifecycle":              kept,
	})
}

func (t *terraform) queue(id string, r *resource) error {
	p := r.Properties
	arguments := object{"name": p["QueueName"], "message_retention_seconds": p["MessageRetentionPeriod"], "sqs_managed_sse_enabled": true}
	if p["FifoQueue"] != nil {
		arguments["fifo_queue"] = true
	}
	if p["VisibilityTimeout"] != nil {
		arguments["visibility_timeout_seconds"] = p["VisibilityTimeout"]
	}
	if p["RedrivePolicy"] != nil {
		text, err := t.text(p["RedrivePolicy"])
		if err != nil {
			return err
		}
		arguments["redrive_policy"] = text
	}
	if r.Kept {
		arguments["lifecycle"] = kept
	}
	t.add("aws_sqs_queue", id, arguments)
	return nil
}
