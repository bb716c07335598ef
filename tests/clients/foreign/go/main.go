// Command franz drives franz-go's registry client against the URL it is given.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

const (
	customer = `{"type":"record","name":"Customer","namespace":"shop","fields":[{"name":"name","type":"string"}]}`
	wider    = `{"type":"record","name":"Customer","namespace":"shop","fields":[{"name":"name","type":"string"},{"name":"age","type":"int","default":0}]}`
	breaking = `{"type":"record","name":"Customer","namespace":"shop","fields":[{"name":"name","type":"string"},{"name":"age","type":"int"}]}`
	order    = `{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"by","type":"shop.Customer"}]}`
	object   = `{"title":"Customer","type":"object","properties":{"name":{"type":"string"}}}`
	proto    = `syntax = "proto3"; package shop; message Customer { string name = 1; }`
)

// must ends the program with what went wrong: one line is enough for a test to show.
func must(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func want(ok bool, what string, found any) {
	if !ok {
		must(fmt.Errorf("found %v", found), what)
	}
}

func wantCode(err error, code int, what string) {
	var refusal *sr.ResponseError
	want(errors.As(err, &refusal) && refusal.ErrorCode == code, what, err)
}

func main() {
	url, topic := os.Args[1], os.Args[2]
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := sr.NewClient(sr.URLs(url))
	must(err, "client")
	formats(ctx, client, topic)
	references(ctx, client, topic)
	settings(ctx, client, topic)
	deletes(ctx, client, topic)
	contexts(ctx, client, topic)
	fmt.Println("franz-go: done")
}

func formats(ctx context.Context, client *sr.Client, topic string) {
	types, err := client.SupportedTypes(ctx)
	must(err, "types")
	want(len(types) == 3, "types", types)
	for name, schema := range map[string]sr.Schema{
		"avro":     {Schema: customer},
		"json":     {Schema: object, Type: sr.TypeJSON},
		"protobuf": {Schema: proto, Type: sr.TypeProtobuf},
	} {
		subject := topic + "-" + name
		made, err := client.CreateSchema(ctx, subject, schema)
		must(err, "create "+name)
		want(made.Version == 1 && made.ID > 0, "create "+name, made)
		found, err := client.SchemaByID(ctx, made.ID)
		must(err, "by id "+name)
		want(found.Type == schema.Type, "type of "+name, found.Type)
		looked, err := client.LookupSchema(ctx, subject, schema)
		must(err, "lookup "+name)
		want(looked.ID == made.ID, "lookup "+name, looked)
		latest, err := client.SchemaByVersion(ctx, subject, -1)
		must(err, "latest "+name)
		want(latest.ID == made.ID, "latest "+name, latest)
		usages, err := client.SchemaUsagesByID(ctx, made.ID)
		must(err, "usages "+name)
		want(slices.ContainsFunc(usages, func(each sr.SubjectSchema) bool { return each.Subject == subject }), "usages", usages)
		framed(made.ID)
	}
	_, err = client.CreateSchema(ctx, topic+"-avro", sr.Schema{Schema: breaking})
	wantCode(err, 409, "a breaking change")
	checked, err := client.CheckCompatibility(sr.WithParams(ctx, sr.Verbose), topic+"-avro", -1, sr.Schema{Schema: breaking})
	must(err, "check")
	want(!checked.Is && len(checked.Messages) > 0, "check", checked)
	_, err = client.SchemaByID(ctx, 999999)
	wantCode(err, 40403, "an unknown id")
}

func framed(id int) {
	var serde sr.Serde
	serde.Register(id, map[string]string{}, sr.EncodeFn(json.Marshal), sr.DecodeFn(json.Unmarshal))
	payload, err := serde.Encode(map[string]string{"name": "Ada"})
	must(err, "encode")
	carried, _, err := serde.DecodeID(payload)
	must(err, "decode")
	want(carried == id, "the id in a message", carried)
}

func references(ctx context.Context, client *sr.Client, topic string) {
	reference := sr.SchemaReference{Name: "shop.Customer", Subject: topic + "-avro", Version: 1}
	made, err := client.CreateSchema(ctx, topic+"-order", sr.Schema{Schema: order, References: []sr.SchemaReference{reference}})
	must(err, "reference")
	referrers, err := client.SchemaReferences(ctx, topic+"-avro", 1)
	must(err, "referrers")
	want(len(referrers) == 1 && referrers[0].ID == made.ID, "referrers", referrers)
	_, err = client.DeleteSubject(ctx, topic+"-avro", sr.SoftDelete)
	wantCode(err, 42206, "delete of what is referred to")
}

func settings(ctx context.Context, client *sr.Client, topic string) {
	subject := topic + "-avro"
	wantCode(client.Compatibility(ctx, subject)[0].Err, 40408, "level that is not set")
	set := client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFull}, subject)[0]
	must(set.Err, "set level")
	want(set.Level == sr.CompatFull, "set level", set.Level)
	got := client.Compatibility(ctx, subject)[0]
	must(got.Err, "level")
	want(got.Level == sr.CompatFull, "level", got.Level)
	must(client.ResetCompatibility(ctx, subject)[0].Err, "reset level")
	wantCode(client.Mode(ctx, subject)[0].Err, 40409, "mode that is not set")
	must(client.SetMode(ctx, sr.ModeReadOnly, subject)[0].Err, "set mode")
	_, err := client.CreateSchema(ctx, subject, sr.Schema{Schema: wider})
	wantCode(err, 42205, "register while read-only")
	must(client.ResetMode(ctx, subject)[0].Err, "reset mode")
}

func deletes(ctx context.Context, client *sr.Client, topic string) {
	subject := topic + "-gone"
	for _, text := range []string{customer, wider} {
		_, err := client.CreateSchema(ctx, subject, sr.Schema{Schema: text})
		must(err, "create")
	}
	must(client.DeleteSchema(ctx, subject, 1, sr.SoftDelete), "soft delete")
	versions, err := client.SubjectVersions(sr.WithParams(ctx, sr.ShowDeleted), subject)
	must(err, "versions")
	want(slices.Equal(versions, []int{1, 2}), "versions", versions)
	must(client.DeleteSchema(ctx, subject, 1, sr.HardDelete), "hard delete")
	gone, err := client.DeleteSubject(ctx, subject, sr.SoftDelete)
	must(err, "delete subject")
	want(slices.Equal(gone, []int{2}), "delete subject", gone)
	_, err = client.SubjectVersions(ctx, subject)
	wantCode(err, 40401, "versions of what is gone")
}

func contexts(ctx context.Context, client *sr.Client, topic string) {
	inside := sr.InContext(ctx, "."+topic)
	made, err := client.CreateSchema(inside, "orders", sr.Schema{Schema: customer})
	must(err, "create in a context")
	want(made.ID == 1, "first id of a context", made.ID)
	names, err := client.Contexts(ctx)
	must(err, "contexts")
	want(slices.Contains(names, "."+topic), "contexts", names)
	subjects, err := client.Subjects(inside)
	must(err, "subjects of a context")
	want(slices.Equal(subjects, []string{":." + topic + ":orders"}), "subjects of a context", subjects)
}
