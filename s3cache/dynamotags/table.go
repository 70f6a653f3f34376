package dynamotags

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Table is what a Store's table must be like: a string key, paid by request. Its TTL is
// set apart, by what TTL returns.
func Table(name string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(attributeTag), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(attributeTag), KeyType: types.KeyTypeHash}},
	}
}

// TTL is how the table removes tags that nothing refers to any more:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
func TTL(name string) *dynamodb.UpdateTimeToLiveInput {
	return &dynamodb.UpdateTimeToLiveInput{
		TableName:               &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(attributeRemove), Enabled: aws.Bool(true)},
	}
}
