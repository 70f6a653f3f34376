package template

// The resources of state; in other regions than home they are parameters of
// the same names.
const (
	idState  = "StateBucket"
	idTags   = "TagTable"
	idAssets = "AssetBucket"
)

// jobDays is how long jobs can be looked at after they were taken: as long as
// one may live (manifest's maxJobMaxAge) and a week.
const jobDays = 21

// compiledDays is how long what V8 compiled is kept, below compiledPrefix as package
// lambda/compiled has it: the next instance makes it anew.
const (
	compiledDays   = 30
	compiledPrefix = "compiled/"
)

// oldVersionDays is after how many days nobody needs an object that was overwritten
// or deleted.
const oldVersionDays = 7

// addState makes the buckets and the table.
func (s *stack) addState() error {
	if !s.atHome {
		return nil
	}
	s.addBucket(idState, list{
		object{
			"Id": "jobs", "Status": "Enabled", "Prefix": "jobs/", "ExpirationInDays": jobDays,
			"NoncurrentVersionExpiration": object{"NoncurrentDays": 1},
		},
		object{
			"Id": "compiled", "Status": "Enabled", "Prefix": compiledPrefix, "ExpirationInDays": compiledDays,
			"NoncurrentVersionExpiration": object{"NoncurrentDays": 1},
		},
	})
	s.addBucket(idAssets, nil)
	s.add(idTags, &resource{Type: "AWS::DynamoDB::Table", Kept: true, Properties: object{
		"BillingMode":          "PAY_PER_REQUEST",
		"AttributeDefinitions": list{object{"AttributeName": tagKey, "AttributeType": "S"}},
		"KeySchema":            list{object{"AttributeName": tagKey, "KeyType": "HASH"}},
		"TimeToLiveSpecification": object{
			"AttributeName": tagRemoval, "Enabled": true,
		},
		"PointInTimeRecoverySpecification": object{"PointInTimeRecoveryEnabled": true},
	}})
	s.outputs[OutputState] = output{"Pages, jobs and which deployment is active", ref(idState)}
	s.outputs[OutputAssets] = output{"The app's files", ref(idAssets)}
	s.outputs[OutputTags] = output{"When tags were revalidated", ref(idTags)}
	return nil
}

// The table's attributes, as package dynamotags has them.
const (
	tagKey     = "tag"
	tagRemoval = "removeAt"
)

// addBucket makes a private bucket that only TLS reaches. What is overwritten or
// deleted in it can be had back for a week.
func (s *stack) addBucket(id string, rules list) {
	rules = append(rules, object{
		"Id": "leftovers", "Status": "Enabled",
		"AbortIncompleteMultipartUpload": object{"DaysAfterInitiation": 1},
		"NoncurrentVersionExpiration":    object{"NoncurrentDays": oldVersionDays},
		"ExpiredObjectDeleteMarker":      true,
	})
	s.add(id, &resource{Type: "AWS::S3::Bucket", Kept: true, Properties: object{
		"OwnershipControls": object{"Rules": list{object{"ObjectOwnership": "BucketOwnerEnforced"}}},
		"PublicAccessBlockConfiguration": object{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
		"BucketEncryption": object{"ServerSideEncryptionConfiguration": list{
			object{"ServerSideEncryptionByDefault": object{"SSEAlgorithm": "AES256"}},
		}},
		"VersioningConfiguration": object{"Status": "Enabled"},
		"LifecycleConfiguration":  object{"Rules": rules},
	}})
	s.add(id+"Policy", &resource{Type: "AWS::S3::BucketPolicy", Properties: object{
		"Bucket": ref(id),
		"PolicyDocument": policyDocument(object{
			"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
			"Resource":  list{bucketARN(id), bucketARN(id, "/*")},
			"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
		}),
	}})
}

// bucketARN is a bucket's, or of objects in it.
func bucketARN(id string, path ...any) any {
	return join(append([]any{"arn:aws:s3:::", ref(id)}, path...)...)
}

func policyDocument(statements ...any) object {
	return object{"Version": "2012-10-17", "Statement": list(statements)}
}
