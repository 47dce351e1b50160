package cli

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/ui"
)

// printMaterials writes the bill of materials of this very program: what the compiler put into it
// and what the web application is made of. The same program always writes the same bytes.
func printMaterials(w io.Writer) error {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return fault.New(fault.Unavailable, "This program was built without the list of its modules.")
	}
	packages, err := ui.Packages()
	if err != nil {
		return err
	}
	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		Type: cyclonedx.ComponentTypeApplication, Name: build.Main.Path, Version: version, BOMRef: "alpaca-trader",
	}}
	components := []cyclonedx.Component{part("golang", "std", strings.TrimPrefix(build.GoVersion, "go"), "")}
	for _, module := range build.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		components = append(components, part("golang", module.Path, module.Version, ""))
	}
	for _, inside := range packages {
		components = append(components, part("npm", inside.Name, inside.Version, inside.Integrity))
	}
	bill.Components = &components
	if err := cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bill); err != nil {
		return fmt.Errorf("write bill of materials: %w", err)
	}
	return nil
}

// part is a library by its package URL. npm writes the @ of a scope as %40 there.
func part(kind, name, version, integrity string) cyclonedx.Component {
	url := fmt.Sprintf("pkg:%s/%s@%s", kind, strings.Replace(name, "@", "%40", 1), version)
	library := cyclonedx.Component{
		Type: cyclonedx.ComponentTypeLibrary, BOMRef: url, Name: name, Version: version, PackageURL: url,
	}
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(integrity, "sha512-")); err == nil && len(sum) > 0 {
		library.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA512, Value: hex.EncodeToString(sum)}}
	}
	return library
}
