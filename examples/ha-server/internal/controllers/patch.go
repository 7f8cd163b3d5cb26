package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// patch changes the metadata of the version of an object that was seen: the API
// server refuses it if there is another.
func patch(ctx context.Context, objects corev1client.ConfigMapInterface, seen *corev1.ConfigMap, metadata map[string]any) error {
	all := map[string]any{"uid": seen.UID, "resourceVersion": seen.ResourceVersion}
	maps.Copy(all, metadata)
	text, err := json.Marshal(map[string]any{"metadata": all})
	if err != nil {
		return err
	}
	if _, err = objects.Patch(ctx, seen.Name, types.MergePatchType, text, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("patch ConfigMap %s: %w", seen.Name, err)
	}
	return nil
}

// swallowOutdated drops errors that say that the object has changed or gone
// meanwhile: what it is now is on its way, by the watch.
func swallowOutdated(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
