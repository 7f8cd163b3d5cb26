package controllers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/regent-ha/regent/examples/ha-server/internal/controllers"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/lock"
)

func TestProvisionsAndTakesDown(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	made := c.create(t, "a", "")
	end := c.lead(t, 7, controllers.NewSpaces)
	s, _ := space.Of(c.await(t, made.Name, ready))
	require.Equal(t, "space-a", s.Account)
	require.EqualValues(t, 7, s.Token)
	account, err := c.accounts.Get(t.Context(), s.Account, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "true", account.Labels[space.Label])
	require.Equal(t, "7", account.Annotations[lock.TokenAnnotation])
	require.Equal(t, string(made.UID), account.Annotations[space.UIDAnnotation])

	// A deletion that nobody sees is made up for by the next leader.
	end()
	require.NoError(t, c.objects.Delete(t.Context(), made.Name, metav1.DeleteOptions{}))
	waits, err := c.objects.Get(t.Context(), made.Name, metav1.GetOptions{})
	require.NoError(t, err, "the finalizer keeps it")
	require.NotNil(t, waits.DeletionTimestamp)
	c.lead(t, 8, controllers.NewSpaces)
	c.await(t, made.Name, gone)
	_, err = c.accounts.Get(t.Context(), s.Account, metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), err)
}

// An attempt that got half way is gone on with: nothing is made twice.
func TestAdoptsWhatAnEarlierTermMade(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	made := c.create(t, "a", "")
	half, err := c.accounts.Create(t.Context(), account(made.Name, string(made.UID), "5"), metav1.CreateOptions{})
	require.NoError(t, err)
	c.lead(t, 7, controllers.NewSpaces)
	c.await(t, made.Name, ready)
	now, err := c.accounts.Get(t.Context(), made.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, half.UID, now.UID)
	require.Equal(t, half.ResourceVersion, now.ResourceVersion)
}

// What a space of the same name left, whose finalizer was removed by hand, is
// not handed to the new one.
func TestReplacesWhatIsLeftOver(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	left, err := c.accounts.Create(t.Context(), account("space-a", "another", "5"), metav1.CreateOptions{})
	require.NoError(t, err)
	made := c.create(t, "a", "")
	c.lead(t, 7, controllers.NewSpaces)
	c.await(t, made.Name, ready)
	now, err := c.accounts.Get(t.Context(), made.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.NotEqual(t, left.UID, now.UID)
	require.Equal(t, string(made.UID), now.Annotations[space.UIDAnnotation])
}

// A ServiceAccount of somebody else is neither used nor deleted.
func TestLeavesOthersAccountsAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	foreign, err := c.accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "space-a"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	made, marker := c.create(t, "a", ""), c.create(t, "b", "")
	c.lead(t, 7, controllers.NewSpaces)
	c.await(t, marker.Name, ready)
	require.NoError(t, c.objects.Delete(t.Context(), made.Name, metav1.DeleteOptions{}))
	last := c.await(t, made.Name, func(object *corev1.ConfigMap) bool {
		require.False(t, ready(object))
		return object == nil
	})
	require.Nil(t, last)
	now, err := c.accounts.Get(t.Context(), foreign.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, foreign.UID, now.UID)
}

// A leader of an earlier term leaves alone what a later one has written.
func TestFencedByTheToken(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	later := c.create(t, "a", "1s")
	later, err := c.objects.Patch(t.Context(), later.Name, types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"`+lock.TokenAnnotation+`":"9"}}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	expired := c.create(t, "b", "1s")
	c.lead(t, 8, controllers.NewSpaces)
	c.lead(t, 8, controllers.NewExpiry)
	c.await(t, expired.Name, gone)
	now, err := c.objects.Get(t.Context(), later.Name, metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, later.ResourceVersion, now.ResourceVersion)
	_, err = c.accounts.Get(t.Context(), later.Name, metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), err)

	c.lead(t, 10, controllers.NewSpaces)
	c.lead(t, 10, controllers.NewExpiry)
	c.await(t, later.Name, gone)
}

func account(name, uid, token string) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{space.Label: "true"},
		Annotations: map[string]string{space.UIDAnnotation: uid, lock.TokenAnnotation: token},
	}}
}
