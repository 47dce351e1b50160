package config

import "strings"

// Origin is one setting's value and where it came from.
type Origin struct {
	Name   string `json:"name"`
	Value  string `json:"value"`  // redacted when it is secret
	Secret bool   `json:"secret"` // whether it is
	From   string `json:"from"`   // environment, .env, default or unset
	As     string `json:"as"`     // the name under which it was given, such as NAME_FILE or an older name
}

// Redacted stands for a secret.
const Redacted = "(secret)"

// Origins says of every setting where its value comes from.
func Origins(source Source) ([]Origin, error) {
	layers, err := source.layers()
	if err != nil {
		return nil, err
	}
	places := []string{"environment", dotenvName}
	origins := make([]Origin, 0, len(table))
	for _, setting := range table {
		given, err := find(layers, setting.Name, setting.Aliases)
		if err != nil {
			return nil, err
		}
		origin := Origin{Name: setting.Name, Value: given.value, Secret: setting.Secret}
		switch {
		case given.value != "":
			origin.From, origin.As = places[given.layer], nameGiven(layers[given.layer], given.name)
		case setting.Default != "":
			origin.From, origin.Value = "default", setting.Default
		default:
			origin.From = "unset"
		}
		if setting.Secret && given.value != "" {
			origin.Value = Redacted
		}
		origins = append(origins, origin)
	}
	return origins, nil
}

// nameGiven is the variable that holds the value, or that names its file.
func nameGiven(l layer, name string) string {
	if l.values[name] == "" && strings.TrimSpace(l.values[name+"_FILE"]) != "" {
		return name + "_FILE"
	}
	return name
}
