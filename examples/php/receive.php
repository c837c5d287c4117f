<?php
// Receive Gatepost's webhooks. Standard Webhooks needs no more than `hash_hmac`; there is a Composer package as well.
//
//     SECRET=whsec_… php -S 127.0.0.1:8080 receive.php
//
// `POST /v1/webhooks {"url": …}` gives the secret.
declare(strict_types=1);

const TOLERANCE_SECONDS = 300;

// The bytes as they came: what was parsed and written anew has another signature.
$body = file_get_contents('php://input');
if (!is_authentic(getenv('SECRET'), $body)) {
    http_response_code(401);
    exit;
}
take(json_decode($body, true, flags: JSON_THROW_ON_ERROR));
http_response_code(204);

function is_authentic(string $secret, string $body): bool
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    // An old request may be one that somebody has recorded.
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    // Several while keys rotate.
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

// An event may come twice, and late: store `sequence` with the comment, and pass over what is not higher.
function take(array $event): void
{
    if (str_starts_with($event['type'], 'comment.')) {
        ['external_id' => $id, 'sequence' => $sequence, 'status' => $status] = $event['data'];
        file_put_contents('php://stdout', "$id $sequence $status\n");
    }
}
